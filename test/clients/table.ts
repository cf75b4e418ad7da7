import type { Seen } from "./client.ts";

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

/** docs/clients.md. */
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
