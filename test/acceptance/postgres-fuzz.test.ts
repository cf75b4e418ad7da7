import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mistreated, session } from "../../plugins/postgres/relay/testing/grammar.ts";
import { Canaries } from "../canary.ts";
import { asCorpus, corpus, Random, seeds } from "../fuzz.ts";
import { needs, testWith } from "../needs.ts";
import { execute, query, RawClient, sync } from "../raw.ts";
import { openWiretap, type Wiretap } from "../wiretap.ts";
import { type Door, openDoor } from "./door.ts";
import { secretValues } from "./people.ts";

/** Sessions at the same time. */
const lanes = 6;
/** Milliseconds that a session may take to end once its caller is gone. */
const patience = 15_000;

/** Whole sessions, valid ones and mistreated ones, against the real gateway and a real server. */
describe("fuzz: whole PostgreSQL sessions", () => {
  let door: Door;
  let wire: Wiretap;
  let token: string;
  const canaries = new Canaries(...secretValues);
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18, settings: { statement_timeout: "2s" } });
    wire = await openWiretap(door.port);
    token = await door.token("sam", "support");
  });
  afterAll(async () => {
    await wire?.close();
    await door?.close();
  });

  for (const [name, chunks] of corpus("postgres-session")) {
    testWith(needs.postgres18)(`corpus: ${name}`, async () => {
      await play(name, chunks);
      await serves();
    });
  }

  testWith(needs.postgres18)("end, leave nothing behind, show nothing, and others are served", async () => {
    await serves();
    await door.sessionsClosed();
    const before = door.descriptors();
    const waiting = seeds(150);
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (const seed of waiting) {
          const random = new Random(seed);
          const valid = session(random);
          await play(`seed ${seed}`, pieces(random, random.chance(25) ? valid : mistreated(random, valid)));
          if (seed % 10 === 0) await serves();
        }
      }),
    );
    await serves();
    await door.sessionsClosed();
    await door.until("the server has the gateway's own connection only", async () => {
      const others = await door.server.sql(
        "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
      );
      return others.length <= 1;
    });
    expect(door.restarts()).toBe(0);
    await door.until("no descriptor is left", async () => door.descriptors() <= before + 2);
    expect(canaries.inFiles(door.data)).toEqual([]);
    expect(canaries.inBytes("gateway's log", Buffer.from(door.logged()))).toEqual([]);
    expect((await door.postern("audit", "verify")).code).toBe(0);
  });

  /** A session that sends this and leaves. */
  async function play(name: string, chunks: readonly Buffer[]): Promise<void> {
    const client = await RawClient.login(wire.port, "sam", "shop", token);
    const begun = wire.received().length;
    for (const chunk of chunks) client.send(chunk);
    client.send(Buffer.of(0x58, 0, 0, 0, 4));
    const over = client.until("the end");
    // A length that is wrong may have swallowed the farewell.
    const hurry = setTimeout(() => client.finish(), 500);
    const hung = new Promise<"hung">((resolve) => setTimeout(() => resolve("hung"), patience).unref());
    const ended = await Promise.race([over.then(() => "over" as const), hung]);
    clearTimeout(hurry);
    client.close();
    const leaks = canaries.inBytes("received", wire.received().subarray(begun));
    if (ended === "over" && leaks.length === 0) return;
    throw new Error(`${name}: ${ended}, ${leaks.join()}. For the corpus:\n${asCorpus(name, chunks)}`);
  }

  /** Somebody else's session works as ever. */
  async function serves(): Promise<void> {
    const client = await RawClient.login(wire.port, "sam", "shop", token);
    client.send(query("select email from customers where id = 1"), execute("select 1"), sync);
    const messages = [...(await client.until("Z")), ...(await client.until("Z"))];
    client.close();
    expect(
      messages
        .filter(({ type }) => type !== "S")
        .map(({ type }) => type)
        .join(""),
    ).toBe("TDCZ12DCZ");
    expect(messages[1]?.body.subarray(6).toString()).toBe("****");
  }
});

/** As the network might deliver it: cut anywhere. */
function pieces(random: Random, messages: readonly Buffer[]): Buffer[] {
  const bytes = Buffer.concat(messages);
  const chunks: Buffer[] = [];
  const most = random.of([7, 60, 4000]);
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + 1 + random.upTo(most));
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}
