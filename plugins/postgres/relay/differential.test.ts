import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Random, seeds } from "../../../test/fuzz.ts";
import { RawClient } from "../../../test/raw.ts";
import {
  hasPostgres,
  type PostgresServer,
  type PostgresVersion,
  startPostgres,
} from "../../../test/servers/postgres.ts";
import { play } from "./testing/client.ts";
import { RelayDoor } from "./testing/door.ts";
import { TestGate } from "./testing/gate.ts";
import { type About, type Step, sequence } from "./testing/sequence.ts";

/**
 * Random sequences through the relay, with `secret` denied and `held` approved, against the same on a
 * server that has no `secret` and no gateway before it: the same message types, the same transaction
 * statuses, the same rows committed. POSTERN_RUNS and POSTERN_SEED ask for more or others.
 */

describe.each([15, 18] as const)("against PostgreSQL %i", (version: PostgresVersion) => {
  const skip = !hasPostgres(version);
  let server: PostgresServer;
  let behind: RelayDoor;

  beforeAll(async () => {
    if (skip) return;
    server = await startPostgres({ version, auth: "password" });
    await server.sql("create database bare");
    const tables = "create table plain (n int); create table held (n int)";
    await server.sql(`${tables}; create table secret (n int)`);
    await server.sql(tables, "bare");
    behind = new RelayDoor(server);
  }, 60_000);
  afterAll(async () => {
    behind?.stop();
    await server?.close();
  });

  test.skipIf(skip)(
    "random sequences look the same",
    async () => {
      for (const seed of seeds(40)) {
        const about = seed % 2 === 0 ? "holds" : "denials";
        const steps = sequence(new Random(seed), about);
        const direct = await run(steps);
        const random = new Random(seed + 1_000_000);
        behind.piece = pieces[seed % pieces.length]?.(random);
        const through = await run(steps, guarded(random, about));
        const story = `seed ${seed}\n${steps.map(({ reads, waits }) => reads + (waits ? " …" : "")).join("\n")}`;
        expect({ story, ...through }).toEqual({ story, ...direct });
      }
    },
    600_000,
  );

  async function run(steps: readonly Step[], gate?: TestGate) {
    const database = gate ? "postgres" : "bare";
    if (gate) behind.gate = gate;
    const client = gate
      ? await RawClient.login(behind.port, "alice", "orders", "good")
      : await RawClient.login(server.port, "postgres", "bare", server.password);
    const { types, statuses } = await play(client, steps);
    client.close();
    const rows = await server.sql(
      "select 'plain', n from plain union all select 'held', n from held order by 1, 2",
      database,
    );
    await server.sql("truncate plain, held", database);
    if (gate) expect(await server.sql("select n from secret")).toEqual([]);
    return { types, statuses, rows };
  }
});

/** How bytes reach the relay: whole, byte by byte, in pieces of any size. */
const pieces: readonly ((random: Random) => (() => number) | undefined)[] = [
  () => undefined,
  () => () => 1,
  (random) => () => 1 + random.upTo(40),
];

function guarded(random: Random, about: About): TestGate {
  const gate = new TestGate();
  const masks = random.chance(50);
  if (random.chance(30)) gate.slow = () => Bun.sleep(random.upTo(2));
  gate.word = ({ actions }) => {
    const denied = actions.some(({ effect, on }) => effect === "unknown" || on === "public.secret");
    if (denied && about === "denials") {
      return { deny: { code: "policy.denied", message: "No rule allows it." } };
    }
    return actions.some(({ on }) => on === "public.held") ? "willHold" : "allow";
  };
  gate.answer = () => (masks ? { rows: () => ({ columns: [0], show: () => null }) } : undefined);
  gate.onHold = (hold) => hold.approve();
  return gate;
}
