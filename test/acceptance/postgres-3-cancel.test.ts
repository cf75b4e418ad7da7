import { afterAll, beforeAll, describe, expect } from "bun:test";
import { measured, needs, testWith } from "../needs.ts";
import { cancel, fields, int32, type Message, query, RawClient } from "../raw.ts";
import { seededRandom } from "../seed.ts";
import { entriesIn } from "../trail.ts";
import { type Door, openDoor } from "./door.ts";

const sessions = 32;
const cancels = process.env.POSTERN_LONG ? 10_000 : 1000;
const guesses = process.env.POSTERN_LONG ? 10_000 : 1000;

describe("must hold 3: cancel, on two workers", () => {
  let door: Door;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18, workers: 2 });
  });
  afterAll(() => door?.close());

  const random = seededRandom("cancel");
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  const below = (count: number) => Math.floor(random() * count);

  /** Runs until it is cancelled. The first result is long, so that its beginning shows that the server is at it. */
  async function occupy(client: RawClient): Promise<void> {
    client.send(query("select repeat('x', 20000); select pg_sleep(600)"));
    await client.until("T");
  }

  async function cancelled(client: RawClient): Promise<void> {
    expect(errorCode(await client.until("Z"))).toBe("57014");
  }

  const sleeping = async () => {
    const [[count] = []] = await door.server.sql(
      "select count(*) from pg_stat_activity where query like '%pg_sleep(600)' and state = 'active'",
    );
    return Number(count);
  };

  testWith(needs.postgres18)(
    `${cancels} random cancels among ${sessions} busy sessions each stop their own statement, guessed keys none`,
    async () => {
      const token = await door.token("ben", "bench");
      const clients: RawClient[] = [];
      for (let at = 0; at < sessions; at += 1) {
        // Half of them with protocol 3.2 and its long keys.
        clients.push(await RawClient.login(door.port, "ben", "shop", token, 0x30000 + (at % 2) * 2));
      }
      const keys = clients.map(({ key }) => key);
      const opened = entriesIn(door.data).filter(({ kind }) => kind === "open");
      expect(new Set(opened.map(({ stream }) => stream)).size).toBe(2);
      expect(new Set(keys.map((key) => key.length))).toEqual(new Set([8, 36]));
      expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(sessions);
      await Promise.all(clients.map(occupy));

      for (let left = guesses; left > 0; left -= 1) {
        const key = Buffer.from(keys[below(sessions)] as Buffer);
        const other = keys[below(sessions)] as Buffer;
        const [pid, secret] = [key.subarray(0, 4), key.subarray(4)];
        const flipped = Buffer.from(key);
        flipped[4 + below(secret.length)] = (flipped[4 + below(secret.length)] as number) ^ (1 << below(8));
        const guess = [
          Buffer.concat([pid, bytes(secret.length)]),
          Buffer.concat([pid, secret.equals(other.subarray(4)) ? bytes(4) : other.subarray(4)]),
          Buffer.concat([pid, bytes(4 + below(253))]),
          Buffer.concat([int32(below(2 ** 31)), secret]),
          Buffer.concat([int32(2 ** 31 + below(2 ** 31)), secret]),
          Buffer.concat([pid, secret, Buffer.alloc(1)]),
          secret.length > 4 ? key.subarray(0, 8) : Buffer.concat([key, key]),
        ][left % 7] as Buffer;
        if (!keys.some((known) => known.equals(guess))) await cancel(door.port, guess);
      }
      expect(await sleeping()).toBe(sessions);

      const began = performance.now();
      const asked = clients.map(() => 0);
      const stopped = clients.map(() => 0);
      let left = cancels;
      const lane = async (lane: number) => {
        // Each lane has its own sessions, so that it knows whose cancel an answer is for.
        const own = clients.map((_, at) => at).filter((at) => at % 4 === lane);
        while (left-- > 0) {
          const at = own[below(own.length)] as number;
          const client = clients[at] as RawClient;
          asked[at] = (asked[at] ?? 0) + 1;
          await cancel(door.port, client.key);
          await cancelled(client);
          stopped[at] = (stopped[at] ?? 0) + 1;
          // What comes next is not hit by what was meant for the one before.
          client.send(query("select 1"));
          expect((await client.until("Z")).map(({ type }) => type)).toEqual(["T", "D", "C", "Z"]);
          await occupy(client);
        }
      };
      await Promise.all([0, 1, 2, 3].map(lane));
      measured(
        `a cancel on two workers takes ${((performance.now() - began) / cancels).toFixed(1)} ms with its next statement`,
      );
      expect(stopped).toEqual(asked);
      expect(await sleeping()).toBe(sessions);
      for (const client of clients) {
        await cancel(door.port, client.key);
        await cancelled(client);
        client.close();
      }
      await door.sessionsClosed();
      expect(door.restarts()).toBe(0);
    },
    300_000,
  );

  testWith(needs.postgres18)("Ctrl-C during a hold withdraws it, whichever worker it comes to", async () => {
    const token = await door.token("sam", "support");
    const client = await RawClient.login(door.port, "sam", "shop", token);
    const rounds = 12;
    for (let round = 0; round < rounds; round += 1) {
      client.send(query(`update customers set city = 'withdrawn' where id = 1`));
      await client.until("N");
      await cancel(door.port, Buffer.concat([client.key.subarray(0, 4), bytes(4)]));
      expect(await door.json<unknown[]>("approvals", "list")).toHaveLength(1);
      await cancel(door.port, client.key);
      await cancelled(client);
    }
    expect(await door.serverSaw("withdrawn")).toBe(false);
    expect(door.entries("hold-ended").map(({ how }) => how)).toEqual(Array(rounds).fill("cancelled"));
    client.close();
  });
});

function errorCode(messages: readonly Message[]): string | undefined {
  const error = messages.find(({ type }) => type === "E");
  return error && fields(error).C;
}
