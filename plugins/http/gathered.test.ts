import { afterEach, expect, jest, test } from "bun:test";
import type { Identity } from "../../core/plugin.ts";
import type { BodySink, Exchange } from "./exchange.ts";
import { BodyRoom, gathered } from "./gathered.ts";

afterEach(() => {
  jest.useRealTimers();
});

const alice = { issuer: "local", subject: "alice", groups: [] } as unknown as Identity;
const bob = { ...alice, subject: "bob" };

/** A request whose body comes as the test says. */
function request(length: number | "chunked" = "chunked"): { exchange: Exchange; sink(): BodySink } {
  let sink: BodySink | undefined;
  const pipe = (to: BodySink) => {
    sink = to;
  };
  const body = { length, pipe, resume() {} };
  const exchange = { body, expectsContinue: false } as unknown as Exchange;
  return { exchange, sink: () => sink as BodySink };
}

test("a body in pieces of any size is the same body", async () => {
  const all = Buffer.from(Array.from({ length: 5000 }, (_, at) => at & 255));
  for (const size of [1, 7, 4096, 5000]) {
    const { exchange, sink } = request();
    const room = new BodyRoom().of(alice);
    const got = gathered(exchange, 5000, room);
    for (let at = 0; at < all.length; at += size) expect(sink().data(all.subarray(at, at + size))).toBe(true);
    sink().end([]);
    expect(all.equals((await got) as Buffer)).toBe(true);
    room.release();
  }
});

test("there is so much room for one identity, and it is given back", async () => {
  const rooms = Array.from({ length: 8 }, () => new BodyRoom().of(alice));
  for (const room of rooms) expect(room.take(4 << 20)).toBe(true);
  const { exchange, sink } = request();
  const got = gathered(exchange, 4 << 20, new BodyRoom().of(alice));
  expect(sink().data(Buffer.from("a"))).toBe(false);
  expect(await got).toMatchObject({ code: "limit.bodies" });
  const other = new BodyRoom().of(bob);
  expect(other.take(4 << 20)).toBe(true);
  for (const room of [...rooms, other]) room.release();
  const again = new BodyRoom().of(alice);
  expect(again.take(32 << 20)).toBe(true);
  again.release();
  expect(again.take(1)).toBe(false);
});

test("one that is too long, told or not, and one that does not come", async () => {
  jest.useFakeTimers();
  expect(await gathered(request(11).exchange, 10, new BodyRoom().of(alice))).toMatchObject({
    code: "limit.intake",
  });
  const long = request();
  const got = gathered(long.exchange, 10, new BodyRoom().of(alice));
  expect([long.sink().data(Buffer.alloc(10)), long.sink().data(Buffer.alloc(1))]).toEqual([true, false]);
  expect(await got).toMatchObject({ code: "limit.intake" });
  const slow = gathered(request().exchange, 10, new BodyRoom().of(alice));
  jest.advanceTimersByTime(60_000);
  expect(await slow).toMatchObject({ code: "wire.timeout" });
});
