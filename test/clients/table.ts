import type { Seen } from "./client.ts";
import type { UsesResult } from "./use/using.ts";

/** One client against one server. */
export interface Result {
  readonly client: string;
  readonly server: number;
  readonly version: string;
  readonly checks: readonly Check[];
}

export type Check = keyof typeof titles;

const titles = {
  verified: "verify-full",
  refuses: "refuses another authority",
  masked: "masked read",
  prepared: "prepared, masked",
  refused: "42501, goes on",
  bound: "channel binding required",
  cancelled: "cancel",
  restored: "dump and restore",
} as const;

/** What of it is as it has to be. */
export function passed(seen: Seen): Check[] {
  const checks: Record<Exclude<Check, "restored">, boolean> = {
    verified: seen.masked !== "",
    refuses: /certificate|certification path|UNABLE_TO_VERIFY|SELF_SIGNED/i.test(seen.otherCa),
    masked: seen.masked === "****",
    prepared: seen.prepared === "****",
    refused: seen.refused === "42501" && seen.after === "42",
    bound: seen.bound === "****",
    cancelled: seen.cancelled === "57014",
  };
  return (Object.keys(checks) as (keyof typeof checks)[]).filter((check) => checks[check]);
}

const secondPart = "## What they are used for";

/** The two parts of docs/clients.md: each is written by a test of its own. */
export function partsOf(page: string): readonly [logins: string, uses: string] {
  const at = page.indexOf(secondPart);
  return at === -1 ? [page, ""] : [page.slice(0, at), page.slice(at)];
}

/** The second part of docs/clients.md. */
export function usesPart(results: readonly UsesResult[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return `${secondPart}

Each client did the same twice, with the server itself and through a gateway whose policy allows everything, and what it saw had to be
equal: rows, types, tags, errors, notices, files. Written by \`npm test -- test/acceptance/sql-1-clients.test.ts\` with
\`POSTERN_WRITE_DOCS=1 POSTERN_LONG=1\`; every other run of it compares.

${row(["client", "version", "servers", "the same"])}
${row(["---", "---", "---", "---"])}
${results.map(({ client, version, servers, uses }) => row([client, version, servers.join(", "), uses.join("; ")])).join("\n")}
`;
}

/** The first part of docs/clients.md. */
export function clientsPage(results: readonly Result[]): string {
  const checks = Object.keys(titles) as Check[];
  const clients = [...new Set(results.map(({ client }) => client))];
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return `# Clients

What was driven through the gateway to a real server, TLS on both sides: the caller verifies the gateway's certificate, the
gateway the server's. Written by the acceptance test of the clients (\`npm test -- test/acceptance/postgres-1-clients.test.ts\`
with \`POSTERN_WRITE_DOCS=1\`); every other run of it compares. A cell names the major versions of the server that the check passed
against; "–": the client has no such thing, or it was not asked for. How \`postern connect\` starts one: [sign-in.md](sign-in.md).

${row(["client", "version", ...checks.map((check) => titles[check])])}
${row([...checks, "", ""].map(() => "---"))}
${clients.map((client) => row(cells(client, results, checks))).join("\n")}

- *verify-full*: logged in with a token as password, over a connection whose certificate the client verified, name included.
- *refuses another authority*: the same client does not send its token to a gateway whose certificate it cannot verify.
- *channel binding required*: logged in with an issued credential by SCRAM-SHA-256-PLUS, and the client was told to accept nothing less.
- *dump and restore*: the whole database through the gateway into a file, and from it into another database. Debian's pg_dump 15 takes no newer
  server, so what is restored into PostgreSQL 18 was dumped from 15.

What is not named here was not tried. A program over one of these drivers logs in as the driver does: any user name, the token as its
password. What it sets at start-up (JDBC's \`currentSchema\`, \`options=-csearch_path=…\`) needs the same right as the SET that it is, where it is
more than how answers look: [postgres](../plugins/postgres/README.md#settings-at-start-up). What tools that look at a schema need of
the policy, and what a dump does: [postgres](../plugins/postgres/README.md#what-tools-ask-for).

`;
}

function cells(client: string, results: readonly Result[], checks: readonly Check[]): string[] {
  const own = results.filter((result) => result.client === client);
  const servers = (check: Check) =>
    own.filter((result) => result.checks.includes(check)).map(({ server }) => server);
  return [client, own[0]?.version ?? "", ...checks.map((check) => servers(check).join(", ") || "–")];
}

/** The same page for another release of a client, laid out anew. */
export function withoutVersions(page: string): string {
  return page.replace(/^(\| [^|]+ )\| [\d.]+ \|/gm, "$1|");
}

/** The same for a run that did not try every server. */
export function withoutServers(page: string): string {
  return withoutVersions(page).replace(/^(\| [^|]+ )\| (15|18|15, 18) \|/gm, "$1|");
}
