import { afterAll, afterEach, beforeAll } from "bun:test";
import pg from "pg";
import { type Message, RawClient } from "../../../../test/raw.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../../test/servers/postgres.ts";
import { RelayDoor } from "./door.ts";
import { TestGate } from "./gate.ts";

export const noPostgres = !hasPostgres(15);

/**
 * A server with some tables and the relay before it. Each session runs under `gate`, where `secret` is
 * denied and `held` asks a person, until the test says otherwise.
 */
export class Fixture {
  server!: PostgresServer;
  door!: RelayDoor;
  readonly #clients: { close(): void }[] = [];

  get gate(): TestGate {
    return this.door.gate;
  }

  /** The next session's gate. */
  freshGate(): TestGate {
    const gate = new TestGate();
    gate.word = ({ actions }) => {
      if (actions.some(({ effect, on }) => effect === "unknown" || on === "public.secret")) {
        return { deny: { code: "policy.denied", message: "No rule allows it.", rule: "rules[0]" } };
      }
      return actions.some(({ on }) => on === "public.held") ? "willHold" : "allow";
    };
    this.door.gate = gate;
    return gate;
  }

  async raw(): Promise<RawClient> {
    const client = await RawClient.login(this.door.port, "alice", "orders", "good");
    this.#clients.push(client);
    return client;
  }

  async pg(): Promise<pg.Client> {
    const client = new pg.Client({
      ...{ host: "127.0.0.1", port: this.door.port, user: "alice", password: "good", database: "orders" },
    });
    client.on("error", () => {});
    await client.connect();
    this.#clients.push({ close: () => void client.end() });
    return client;
  }

  closeClients(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }
}

export function postgresFixture(): Fixture {
  const fixture = new Fixture();
  beforeAll(async () => {
    if (noPostgres) return;
    fixture.server = await startPostgres({ version: 15 });
    await fixture.server.sql(`
      create table plain (n int);
      create table held (n int);
      create table secret (n int);
      create table people (id int primary key, email text);
      insert into people select i, 'user' || i || '@example.com' from generate_series(1, 5) i`);
    fixture.door = new RelayDoor(fixture.server);
  }, 60_000);
  afterEach(async () => {
    if (noPostgres) return;
    fixture.closeClients();
    await Promise.all(fixture.door.sessions);
    fixture.door.piece = undefined;
    fixture.door.limits = {};
    await fixture.server.sql("truncate plain, held, secret");
  });
  afterAll(async () => {
    fixture.door?.stop();
    await fixture.server?.close();
  });
  return fixture;
}

/** Message types in order, without ParameterStatus. */
export function types(messages: readonly Message[]): string {
  return messages.flatMap(({ type }) => (type === "S" ? [] : type)).join("");
}
