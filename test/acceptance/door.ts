import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LimitsInput } from "../../core/policy/input.ts";
import type { Entry, Written } from "../../core/trail/entry.ts";
import { Postern, type Printed, started } from "../postern.ts";
import { type PostgresServer, type PostgresVersion, startPostgres } from "../servers/postgres.ts";
import { entriesIn } from "../trail.ts";
import { openWiretap, type Wiretap } from "../wiretap.ts";
import { schema } from "./people.ts";
import { policyText } from "./policy.ts";

export interface DoorOptions {
  readonly version: PostgresVersion;
  readonly trail?: "default" | "strict";
  readonly workers?: number;
  readonly limits?: LimitsInput;
  readonly further?: Readonly<Record<string, number>>;
  /** A second resource, `again`, is the same database. */
  readonly again?: true;
  /** The database's password. */
  readonly password?: string;
  /** For postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The data folder; absent: one of its own. */
  readonly data?: string;
  /** Source of a file that exports one more rule, `shared`; the policy imports it. */
  readonly sharedRules?: string;
  /** Keeps every byte between gateway and server. */
  readonly tapServer?: boolean;
}

/** A real server, a real gateway process before it, and what a test asks of both. */
export class Door {
  constructor(
    readonly server: PostgresServer,
    readonly gateway: Postern,
    /** Where the policy lies. */
    readonly folder: string,
    readonly data: string,
    readonly serverWire?: Wiretap,
  ) {}

  get port(): number {
    return this.gateway.port;
  }

  /** A token that names these groups. */
  async token(subject: string, group: string, ttl = "1h"): Promise<string> {
    const minted = await this.postern("token", "mint", "--subject", subject, "--group", group, "--ttl", ttl);
    if (minted.code !== 0) throw new Error(minted.stderr);
    return minted.stdout.trim();
  }

  postern(...args: string[]): Promise<Printed> {
    return this.gateway.postern(args);
  }

  /** Answers a hold as whoever this token proves. */
  answer(hold: string, how: "approve" | "deny", token: string): Promise<Printed> {
    return this.gateway.postern(["approvals", how, hold], token);
  }

  async json<T>(...args: string[]): Promise<T> {
    const { stdout, stderr } = await this.postern(...args, "--json");
    try {
      return JSON.parse(stdout) as T;
    } catch {
      throw new Error(`postern ${args.join(" ")} printed no JSON: ${stdout}${stderr}`);
    }
  }

  /** All entries of this kind, from the segments themselves. */
  entries<K extends Entry["kind"]>(kind: K): Written<Extract<Entry, { kind: K }>>[] {
    const all: Written[] = entriesIn(this.data);
    return all.filter((entry): entry is Written<Extract<Entry, { kind: K }>> => entry.kind === kind);
  }

  /**
   * Whether the server's own log, which has every statement that reached it, shows this text; but for the gateway's own
   * EXPLAIN of what is held, which runs nothing.
   */
  async serverSaw(mark: string): Promise<boolean> {
    return (await this.#witnessed()).some((entry) => entry.includes(mark));
  }

  async timesRun(mark: string): Promise<number> {
    const entries = await this.#witnessed();
    return entries.filter((entry) => /LOG: {2}(statement|execute)/.test(entry) && entry.includes(mark))
      .length;
  }

  /** Entries of the server's log, of which each begins with its time. */
  async #witnessed(): Promise<string[]> {
    await this.server.sql("select 'all before this is in the log'");
    const entries = this.server.logged().split(/\n(?=\d{4}-\d\d-\d\d )/);
    const explains = (entry = "") => /(LOG: {2}execute \S+|STATEMENT): +explain \(format json\) /.test(entry);
    return entries.filter(
      (entry, at) =>
        !explains(entry) && !(/DETAIL: {2}parameters: /i.test(entry) && explains(entries[at - 1])),
    );
  }

  /** Until no connection but ours is left at the server, so that nothing more will run. */
  serverIdle(): Promise<void> {
    return this.until("the server is idle", async () => {
      const others = await this.server.sql(
        "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
      );
      return others.length === 0;
    });
  }

  sessionsClosed(): Promise<void> {
    return this.until("all sessions are closed", async () => {
      return (await this.json<unknown[]>("sessions", "list")).length === 0;
    });
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await holds())) {
      if (Date.now() > deadline)
        throw new Error(`Waited 20 s in vain until ${what}.\n${this.logged().slice(-2000)}`);
      await Bun.sleep(10);
    }
  }

  logged(): string {
    return this.gateway.logged();
  }

  /** SIGKILL, to all its processes at once. */
  kill(): Promise<void> {
    return this.gateway.kill();
  }

  start(): Promise<void> {
    return this.gateway.start();
  }

  async alive(): Promise<boolean> {
    return (await this.postern("sessions", "list")).code === 0;
  }

  /** Bytes of memory of its own (not of mapped files), over all its processes. */
  memory(): number {
    return this.gateway.memory();
  }

  descriptors(): number {
    return this.gateway.descriptors();
  }

  /** How many of its processes are not those that it started with. */
  restarts(): number {
    return this.gateway.restarts();
  }

  async close(): Promise<void> {
    await this.gateway.kill();
    await this.serverWire?.close();
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function openDoor(options: DoorOptions): Promise<Door> {
  const {
    version,
    trail = "default",
    password = "fixture-password",
    settings,
    sharedRules,
    workers = 1,
    further = {},
    limits,
  } = options;
  const folder = mkdtempSync(join(tmpdir(), "postern-door-"));
  const server = await startPostgres({ version, password, ...(settings ? { settings } : {}) });
  await server.sql(schema);
  const serverWire = options.tapServer ? await openWiretap(server.port) : undefined;
  const policy = join(folder, "policy.ts");
  if (sharedRules !== undefined) writeFileSync(join(folder, "shared.ts"), sharedRules);
  const databasePort = serverWire?.port ?? server.port;
  writeFileSync(
    policy,
    policyText({
      databasePort,
      trail,
      workers,
      further: { ...further, ...(options.again ? { again: databasePort } : {}) },
      shared: sharedRules !== undefined,
      ...(limits ? { limits } : {}),
    }),
  );
  const data = options.data ?? join(folder, "data");
  const gateway = new Postern(policy, data, join(folder, "gateway.log"), {
    DATABASE_PASSWORD: password,
  });
  const door = new Door(server, gateway, folder, data, serverWire);
  return started(door);
}
