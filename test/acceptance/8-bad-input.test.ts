import { afterAll, beforeAll, describe, expect } from "bun:test";
import { measured, needs, testWith } from "../needs.ts";
import { fields, int32, type Message, message, RawClient, startup, text } from "../raw.ts";
import { seededRandom } from "../seed.ts";
import { type Door, openDoor } from "./door.ts";

const connections = process.env.POSTERN_LONG ? 50_000 : 10_000;
const lanes = 16;

describe("must hold 8: bad input", () => {
  let door: Door;
  let good: string;
  let expired: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    // Thousands of failed logins of one address: what they wait is not what is measured here.
    door = await openDoor({ version: 18, limits: { loginDelay: "1ms" } });
    good = await door.token("sam", "support");
    expired = await door.token("sam", "support", "1s");
    await Bun.sleep(1500);
  });
  afterAll(() => door?.close());

  const random = seededRandom("bad input");
  const bytes = (length: number) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  const hello = startup({ user: "sam", database: "shop" });

  /** Sends it and returns all that came back until the gateway hung up. */
  async function send(...parts: Buffer[]): Promise<Message[]> {
    return exchange(parts, () => {});
  }

  /** The same for what is not worth an answer: says goodbye at once. */
  async function sendAndLeave(...parts: Buffer[]): Promise<Message[]> {
    return exchange(parts, (client) => client.finish());
  }

  async function exchange(parts: readonly Buffer[], then: (client: RawClient) => void): Promise<Message[]> {
    const client = await RawClient.connect(door.port);
    client.send(...parts);
    then(client);
    const answer = await client.until("never");
    client.close();
    return answer;
  }

  async function login(database: string, password: string): Promise<Message[]> {
    return send(startup({ user: "sam", database }), message("p", text(password)));
  }

  /** What it is, and the SQLSTATE that tells the caller so; undefined: there is nobody to tell. */
  const inputs: Record<string, { attempt: () => Promise<Message[]>; code?: string }> = {
    "random bytes": { attempt: () => sendAndLeave(bytes(1 + Math.floor(random() * 300))) },
    "a start-up that is cut off": {
      attempt: () => sendAndLeave(hello.subarray(0, 1 + Math.floor(random() * (hello.length - 1)))),
    },
    "a start-up of 4 GB": { attempt: () => sendAndLeave(int32(0xffffffff), hello.subarray(4)) },
    "a password message of 4 GB": {
      attempt: () => sendAndLeave(hello, Buffer.from("p"), int32(0xffffffff), bytes(50)),
    },
    "a wrong token": { attempt: () => login("shop", "not.a.token"), code: "28P01" },
    "a token with a wrong signature": {
      attempt: () => login("shop", `${good.slice(0, -8)}AAAAAAAA`),
      code: "28P01",
    },
    "an expired token": { attempt: () => login("shop", expired), code: "28P01" },
    "an unknown resource": { attempt: () => login("no-such-resource", good), code: "3D000" },
    "an unknown protocol version": {
      attempt: () => send(startup({ user: "sam" }, 0x10000)),
      code: "0A000",
    },
    "random bytes behind a good login": {
      attempt: () => sendAndLeave(hello, message("p", text(good)), bytes(200)),
    },
  };

  for (const [name, { attempt, code }] of Object.entries(inputs)) {
    testWith(needs.postgres18)(
      `${name}: ${code ? `a clear error (${code})` : "an end"}, no crash`,
      async () => {
        const answer = await attempt();
        const error = answer.find(({ type }) => type === "E");
        if (code) {
          expect(error && fields(error)).toMatchObject({ S: "FATAL", C: code });
          expect(error && fields(error).M?.length).toBeGreaterThan(10);
        }
        expect(await door.alive()).toBe(true);
      },
    );
  }

  testWith(needs.postgres18, needs.proc)(
    `${connections} such connections leave descriptors and memory as they were`,
    async () => {
      const attempts = Object.values(inputs).map(({ attempt }) => attempt);
      const storm = async (times: number): Promise<void> => {
        let left = times;
        const lane = async () => {
          while (left-- > 0) await attempts[left % attempts.length]?.();
        };
        await Promise.all(Array.from({ length: lanes }, lane));
        await door.sessionsClosed();
      };
      const descriptors = door.descriptors();
      const empty = door.memory();
      await storm(connections);
      const before = door.memory();
      await storm(connections);
      const [first, further] = [before - empty, door.memory() - before].map((bytes) => bytes / 1_000_000);
      measured(
        `${connections} bad connections grew the gateway by ${first?.toFixed(0)} MB, as many again by ${further?.toFixed(0)} MB`,
      );
      // In the middle of a storm the heap holds what nobody has collected yet; afterwards it is given back.
      await door.until("memory is level", async () => door.memory() - empty < 40_000_000);
      await door.until("descriptors are level", async () => door.descriptors() <= descriptors + 4);
      expect(door.restarts()).toBe(0);
      const client = await RawClient.login(door.port, "sam", "shop", good);
      client.send(message("Q", text("select 1")));
      expect((await client.until("Z")).map(({ type }) => type)).toEqual(["T", "D", "C", "Z"]);
      client.close();
    },
    600_000,
  );
});
