import { expect, test } from "bun:test";
import { Random, seeds } from "../test/fuzz.ts";
import type { Gate } from "./gate.ts";
import { type Codec, type Cursor, Pump } from "./pump.ts";
import type { Wire, WireSink } from "./wire.ts";

const header = 4;
const dropped = 0x64;
const replaced = 0x72;

/** Messages of an int32 of their length and a byte that says what becomes of them. */
const decode = (cursor: Cursor) => {
  const left = cursor.end - cursor.at;
  if (left < header + 1) return cursor.need(header + 1);
  const length = cursor.view.readInt32BE(cursor.at);
  const what = cursor.view[cursor.at + header];
  if (what !== dropped && what !== replaced) return cursor.forward(length);
  if (left < length) return cursor.need(length);
  if (what === dropped) cursor.drop(length);
  else cursor.replace(length, shown(cursor.view.subarray(cursor.at, cursor.at + length)));
};

function shown(message: Buffer): Buffer {
  return Buffer.from(message.subarray(header).toReversed());
}

function messageFrom(random: Random): Buffer {
  const bytes = Buffer.alloc(header + 1 + random.upTo(random.chance(10) ? 20_000 : 200), random.upTo(256));
  bytes.writeInt32BE(bytes.length);
  bytes[header] = random.of([dropped, replaced, replaced, 0x66]);
  return bytes;
}

function session(toCaller: Partial<Codec>) {
  const written: Buffer[] = [];
  let [sink, pauses, resumes]: [WireSink | undefined, number, number] = [undefined, 0, 0];
  const wire = (write: (bytes: Uint8Array) => boolean, stream: (of: WireSink) => void) =>
    ({
      backlog: 0,
      write,
      stream,
      end() {},
      pause: () => void pauses++,
      resume: () => void resumes++,
    }) as unknown as Wire;
  let asks: WireSink | undefined;
  const caller = wire(
    (bytes) => written.push(Buffer.from(bytes)) > 0,
    (of) => (asks = of),
  );
  const resource = wire(
    () => true,
    (of) => (sink = of),
  );
  const through: Codec = { decode: (cursor) => cursor.forward(cursor.end - cursor.at), ended() {} };
  const gate = { recordsWire: false, reached() {} } as unknown as Gate;
  const pump = new Pump({
    caller,
    resource,
    gate,
    toResource: through,
    toCaller: { ...through, ...toCaller },
  });
  pump.start();
  return {
    pump,
    written,
    /** A chunk has memory of its own, as one from a socket. */
    arrives: (bytes: Uint8Array) => sink?.data(Buffer.from(new Uint8Array(bytes).buffer)),
    asks: () => asks?.data(Buffer.from("again")),
    paused: () => pauses,
    resumed: () => resumes,
  };
}

test("wherever bulk is cut, the caller reads the same, in a write a chunk", () => {
  for (const seed of seeds(150)) {
    const random = new Random(seed);
    const messages = Array.from({ length: 40 }, () => messageFrom(random));
    const expected = Buffer.concat(
      messages.flatMap((each) => {
        if (each[header] === dropped) return [];
        return each[header] === replaced ? shown(each) : each;
      }),
    );
    const bytes = Buffer.concat(messages);
    const keeps = random.chance(50) ? {} : ({ keepsNothing: true } as const);
    const { written, arrives } = session({ decode, ...keeps });
    let chunks = 0;
    for (let at = 0; at < bytes.length; chunks++) {
      const end = at + 1 + random.upTo(random.of([5, 300, 9_000, 40_000]));
      arrives(bytes.subarray(at, end));
      at = end;
    }
    expect(Buffer.concat(written).equals(expected)).toBe(true);
    expect(written.length).toBeLessThanOrEqual(chunks);
  }
});

test("a large chunk of which nobody keeps a view is given back, unless it is a part of another", () => {
  const views: Buffer[] = [];
  const { arrives, written } = session({
    keepsNothing: true,
    decode(cursor) {
      views.push(cursor.view);
      cursor.forward(cursor.end - cursor.at);
    },
  });
  arrives(Buffer.alloc(10_000, 1));
  arrives(Buffer.alloc(100, 2));
  expect(views.map(({ length }) => length)).toEqual([0, 100]);
  expect(Buffer.concat(written).equals(Buffer.concat([Buffer.alloc(10_000, 1), Buffer.alloc(100, 2)]))).toBe(
    true,
  );
});

const piece = Buffer.alloc(8192);
const pieces = (count: number, { arrives }: ReturnType<typeof session>) => {
  for (let each = 0; each < count; each++) arrives(piece);
};

test("behind a small read of bulk the next one waits for more, and not again where none came", async () => {
  const one = session({});
  pieces(31, one);
  expect(one.paused()).toBe(0);
  pieces(1, one);
  expect([one.paused(), one.resumed()]).toEqual([1, 0]);
  await Bun.sleep(10);
  expect(one.resumed()).toBe(1);
  // In vain: it has to become bulk again.
  pieces(31, one);
  expect(one.paused()).toBe(1);
  await Bun.sleep(10);
  pieces(2, one);
  expect(one.paused()).toBe(2);
  await Bun.sleep(10);
  // Worth it: another small read naps at once.
  one.arrives(Buffer.alloc(100_000));
  pieces(1, one);
  expect(one.paused()).toBe(3);
});

test("what is asked and answered in turn is never bulk, nor what comes in large reads", () => {
  const turns = session({});
  for (let turn = 0; turn < 20; turn++) {
    pieces(20, turns);
    turns.asks();
  }
  expect(turns.paused()).toBe(0);
  const large = session({});
  for (let read = 0; read < 20; read++) large.arrives(Buffer.alloc(100_000));
  expect(large.paused()).toBe(0);
});

test("bulk that ends the session is not paused: nobody would let its wire go on", async () => {
  let read = 0;
  const one = session({
    decode(cursor) {
      if (++read === 32) one.pump.close();
      cursor.forward(cursor.end - cursor.at);
    },
  });
  pieces(33, one);
  await Bun.sleep(5);
  expect([read, one.paused()]).toEqual([32, 0]);
});
