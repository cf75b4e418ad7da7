import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { Status } from "../../core/control/api.ts";
import type { Identity } from "../../core/identity.ts";
import type { Entry, Written } from "../../core/trail/entry.ts";
import { Postern } from "../postern.ts";
import { fields, message, RawClient, startup, text } from "../raw.ts";
import type { PostgresServer } from "../servers/postgres.ts";
import { entriesIn } from "../trail.ts";

/** What a token says of its bearer; the rest is a person of the staff whose token was made long ago. */
export type Claims = Partial<Identity> & { readonly subject: string };

export const issuer = "https://people.example.com";

export interface EndingsDoorOptions {
  readonly server: PostgresServer;
  readonly workers?: number;
  /** The port of a server that answers nothing, as resource `silent`. */
  readonly silent?: number;
  /** More of the policy: `store: …`, `signals: […]`. */
  readonly more?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds between two questions whether an identity still is what it was; absent: never asked. */
  readonly revalidate?: number;
}

/**
 * A gateway before a real server whose identity provider takes whoever a token names: what is tested here
 * is the end of access, not the proof.
 */
export class EndingsDoor {
  readonly folder = mkdtempSync(join(tmpdir(), "postern-endings-"));
  readonly data: string = join(this.folder, "data");
  readonly gateway: Postern;

  constructor(readonly options: EndingsDoorOptions) {
    const policy = join(this.folder, "policy.ts");
    writeFileSync(policy, policyText(options, this.folder));
    const environment = { DATABASE_PASSWORD: options.server.password, ...options.environment };
    this.gateway = new Postern(policy, this.data, join(this.folder, "gateway.log"), environment);
  }

  get port(): number {
    return this.#address("postgres");
  }

  get web(): string {
    return `http://127.0.0.1:${this.#address("web")}`;
  }

  /** A login, up to the first ReadyForQuery or the error that refuses it. */
  login(identity: Claims): Promise<RawClient> {
    return RawClient.login(this.port, "anyone", "shop", tokenOf(identity));
  }

  /** A login that the gateway cannot finish, since the resource does not answer. */
  async dialing(identity: Claims): Promise<RawClient> {
    const client = await RawClient.connect(this.port);
    client.send(startup({ user: "anyone", database: "silent" }));
    await client.until("R");
    client.send(message("p", text(tokenOf(identity))));
    return client;
  }

  /** What the last error said to a caller whose connection has ended. */
  async lastWord(client: RawClient): Promise<Record<string, string>> {
    client.resume();
    const error = (await client.until("never")).findLast(({ type }) => type === "E");
    client.close();
    return error ? fields(error) : {};
  }

  /** The SQLSTATE with which this identity is not let in; undefined: it is. */
  async refusal(identity: Claims): Promise<string | undefined> {
    const client = new pg.Client({
      ...{ host: "127.0.0.1", port: this.port, database: "shop", user: "anyone" },
      password: tokenOf(identity),
    });
    client.on("error", () => {});
    try {
      await client.connect();
      return undefined;
    } catch (error) {
      return error instanceof pg.DatabaseError ? error.code : String(error);
    } finally {
      await client.end().catch(() => {});
    }
  }

  /** Changes the policy file, which the gateway sees by itself. */
  rewrite(change: (policy: string) => string): void {
    writeFileSync(this.gateway.policy, change(readFileSync(this.gateway.policy, "utf8")));
  }

  async json<T>(...args: string[]): Promise<T> {
    const { stdout, stderr } = await this.gateway.postern([...args, "--json"]);
    if (stdout === "") throw new Error(`postern ${args.join(" ")}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** Empty where it cannot tell, between two workers. */
  async status(): Promise<Partial<Status>> {
    const answer = await fetch("http://postern/v1/status", { unix: join(this.data, "control.sock") });
    return (await answer.json()) as Partial<Status>;
  }

  /** All entries of this kind, from the segments themselves. */
  entries<K extends Entry["kind"]>(kind: K): Written<Extract<Entry, { kind: K }>>[] {
    const all: Written[] = entriesIn(this.data);
    return all.filter((entry): entry is Written<Extract<Entry, { kind: K }>> => entry.kind === kind);
  }

  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await holds())) {
      if (Date.now() > deadline)
        throw new Error(`Waited 20 s in vain until ${what}.\n${this.gateway.logged().slice(-2000)}`);
      await Bun.sleep(10);
    }
  }

  async close(): Promise<void> {
    await this.gateway.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #address(protocol: string): number {
    const ready =
      this.gateway
        .logged()
        .split("\n")
        .findLast((line) => line.includes('"msg":"ready"')) ?? "{}";
    const { listeners = [] } = JSON.parse(ready) as { listeners?: { protocol: string; port: number }[] };
    return listeners.find((one) => one.protocol === protocol)?.port ?? 0;
  }
}

export function tokenOf(claims: Claims): string {
  const identity: Identity = { issuer, kind: "person", groups: ["staff"], issuedAt: 1, ...claims };
  return `people.${Buffer.from(JSON.stringify(identity)).toString("base64url")}`;
}

function policyText(
  { server, silent = 1, workers = 1, more = "", revalidate }: EndingsDoorOptions,
  folder: string,
): string {
  const asked = JSON.stringify(join(folder, "gone"));
  return `
import { existsSync } from "node:fs";
import { gateway, group, write } from "postern";
import { approve, caep, env, local, postgres, scim } from "postern/plugins";

const people = {
  name: "people",
  open: async () => ({
    async identify(token) {
      if (!token.startsWith("people.")) return undefined;
      return JSON.parse(Buffer.from(token.slice(7), "base64url").toString());
    },
    ${
      revalidate === undefined
        ? ""
        : `revalidation: {
      every: ${revalidate},
      ask: async ({ subject }) => (existsSync(${asked} + "-" + subject) ? "nobody knows " + subject : undefined),
    },`
    }
  }),
};

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [people, local()],
  workers: ${workers},
  limits: { loginDelay: "1ms" },
  resources: {
    shop: postgres({
      host: "127.0.0.1",
      port: ${server.port},
      database: "postgres",
      user: "postgres",
      credential: env("DATABASE_PASSWORD"),
    }),
    silent: postgres({ host: "127.0.0.1", port: ${silent}, user: "postgres", credential: env("DATABASE_PASSWORD") }),
  },
  rules: [
    {
      name: "signed off",
      who: group("staff"),
      on: "shop",
      may: [write("public.customers")],
      under: [approve({ by: group("leads"), within: "10m" })],
    },
    { name: "staff", who: group("staff"), on: ["shop", "silent"], may: ["read", "write"] },
  ],
  ${more}
});
`;
}
