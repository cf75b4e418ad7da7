import { expect, test } from "bun:test";
import { PosternError } from "../../../core/plugin.ts";
import { corpus, mutated, Random, seeds } from "../../../test/fuzz.ts";
import { accept } from "../accept.ts";
import { testDoor } from "../testing/door.ts";
import { TestWire } from "../testing/wire.ts";
import { passwordMessage } from "../wire/authentication.ts";
import { cancelRequest, gssRequest, startupMessage } from "../wire/startup.ts";

const parameters = [
  ["user", "alice"],
  ["database", "orders"],
  ["application_name", "fuzz"],
  ["options", "-c statement_timeout=5s --geqo=off"],
  ["client_encoding", "UTF8"],
  ["_pq_.new", "1"],
] as const;
const starts = [
  Buffer.concat([startupMessage(0x30000, parameters), passwordMessage("good")]),
  Buffer.concat([startupMessage(0x30002, parameters.slice(0, 2)), passwordMessage("good")]),
  cancelRequest({ processId: 1 << 20, secret: Buffer.alloc(32, 7) }),
  Buffer.from(gssRequest),
] as const;

/** Arrives, is refused with a code, or waits for more and hears of the end: never anything else. */
async function starting(chunks: readonly Uint8Array[]): Promise<string> {
  const wire = new TestWire();
  const accepted = accept(wire, testDoor()).then(
    (arrival) => (arrival ? "arrived" : "over"),
    (error) => {
      if (error instanceof PosternError) return error.code;
      throw error;
    },
  );
  for (const chunk of chunks) {
    wire.feed(chunk);
    await Promise.resolve();
  }
  wire.finish();
  return await accepted;
}

test("a start-up in pieces of one byte is the same start-up", async () => {
  for (const start of starts) {
    const whole = await starting([start]);
    expect(await starting([...start].map((byte) => Buffer.of(byte)))).toBe(whole);
  }
  expect(await starting([starts[0]])).toBe("arrived");
});

test("a start-up cut off anywhere is an end of file", async () => {
  for (let at = 0; at < starts[0].length; at++) {
    expect([at, await starting([starts[0].subarray(0, at)])]).toEqual([at, "wire.closed"]);
  }
});

test("mutated start-ups arrive or are refused with a code", async () => {
  for (const seed of seeds(500)) {
    const random = new Random(seed);
    const bytes = random.chance(20) ? random.bytes(random.upTo(40)) : mutated(random, random.of(starts));
    expect({ seed, how: await starting([bytes]) }).toEqual({ seed, how: expect.any(String) });
  }
});

for (const [name, chunks] of corpus("postgres-startup")) {
  test(`corpus: ${name}`, async () => {
    expect(await starting(chunks)).toBeString();
  });
}
