import { describe, expect, test } from "bun:test";
import { constants, createDeflate, deflateSync } from "node:zlib";
import { PosternError } from "../../../../core/plugin.ts";
import { Random, seeds } from "../../../../test/fuzz.ts";
import type { Side } from "../../../http/kit.ts";
import { dictionary } from "./dictionary.ts";
import { controlFrame, dataFrames, fin, types } from "./frame.ts";
import { HeaderReader, HeaderWriter } from "./headers.ts";
import { SpdyReader } from "./reader.ts";
import { SpdyRelay } from "./relay.ts";

/** Packs as other implementations do: one stream of zlib, a flush behind each block. */
function packer(): (block: Buffer) => Promise<Buffer> {
  const deflate = createDeflate({ dictionary });
  let parts: Buffer[] = [];
  deflate.on("data", (part: Buffer) => parts.push(part));
  return async (block) => {
    parts = [];
    deflate.write(block);
    await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
    return Buffer.concat(parts);
  };
}

function block(...headers: readonly (readonly [string, string])[]): Buffer {
  const word = (text: string) => Buffer.concat([u32(text.length), Buffer.from(text, "latin1")]);
  return Buffer.concat([
    u32(headers.length),
    ...headers.flatMap(([name, value]) => [word(name), word(value)]),
  ]);
}

function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, index * 4);
  return bytes;
}

const stdin = block(["streamtype", "stdin"]);

function openFrame(id: number, packed: Buffer, flags = 0): Buffer {
  return controlFrame(types.open, flags, Buffer.concat([u32(id, 0), Buffer.of(0, 0), packed]));
}

/** A relay, and what it told and sent. */
function rig(most = 8) {
  const said: string[] = [];
  const sent = { caller: [] as Uint8Array[], resource: [] as Uint8Array[] };
  const relay: SpdyRelay = new SpdyRelay(
    (to, bytes) => void sent[to].push(Buffer.from(bytes)),
    {
      opened: (id, headers) => void said.push(`opened ${id} ${JSON.stringify([...headers])}`),
      data: (id, from, view) => {
        said.push(`data ${id} ${from} ${view}`);
        relay.send(from === "caller" ? "resource" : "caller", id, view);
      },
      ended: (id, from) => {
        said.push(`ended ${id} ${from}`);
        relay.end(from === "caller" ? "resource" : "caller", id);
      },
      reset: (id) => void said.push(`reset ${id}`),
      leaving: () => void said.push("leaving"),
    },
    most,
  );
  return { relay, said, sent };
}

describe("headers", () => {
  test("as others pack them, block after block; ours as others unpack them", async () => {
    const pack = packer();
    const [reader, writer, again] = [new HeaderReader(), new HeaderWriter(), new HeaderReader()];
    for (let port = 1; port < 2_000; port += 7) {
      const headers = [
        ["streamtype", "data"],
        ["port", String(port)],
        ["requestid", String(port * 3)],
      ] as const;
      const read = reader.read(await pack(block(...headers)));
      expect([...read]).toEqual(headers.map((each) => [...each]));
      expect([...again.read(writer.write(read))]).toEqual([...read]);
    }
  });

  const bad: readonly (readonly [string, Buffer])[] = [
    ["a name twice", block(["streamtype", "stdin"], ["streamtype", "stdout"])],
    ["capitals in a name", block(["StreamType", "stdin"])],
    ["no name", block(["", "stdin"])],
    ["a value with a NUL, which is two", block(["streamtype", "stdin\0stdout"])],
    ["more than it counts", Buffer.concat([stdin, stdin])],
    ["fewer than it counts", Buffer.concat([u32(2), stdin.subarray(4)])],
    ["too many", u32(33)],
    ["a length past its end", Buffer.concat([u32(1), u32(0xffffffff)])],
    ["nothing", Buffer.alloc(0)],
  ];
  test.each(bad)("refused: %s", async (_what, packed) => {
    expect(await codeOf(async () => new HeaderReader().read(await packer()(packed)))).toBe(
      "kubernetes.stream",
    );
  });

  test("a bomb is not unpacked", async () => {
    const bomb = await packer()(Buffer.alloc(12_000_000));
    expect(bomb.length).toBeLessThan(16 * 1024);
    expect(await codeOf(async () => new HeaderReader().read(bomb))).toBe("kubernetes.stream");
  });

  test("refused: another dictionary, none, and what is no zlib", async () => {
    for (const packed of [
      deflateSync(stdin),
      deflateSync(stdin, { dictionary: stdin }),
      Buffer.from("hello"),
      u32(1),
    ]) {
      expect(await codeOf(async () => new HeaderReader().read(packed))).toBe("kubernetes.stream");
    }
  });
});

describe("a connection", () => {
  test("is carried: a stream is opened, answered, used and ended", async () => {
    const { relay, said, sent } = rig();
    relay.push(openFrame(1, await packer()(stdin)), "caller");
    const reply = new HeaderWriter().write(new Map());
    relay.push(controlFrame(types.reply, 0, Buffer.concat([u32(1), reply])), "resource");
    for (const frame of dataFrames(1, Buffer.from("hello"), true)) relay.push(frame, "caller");
    for (const frame of dataFrames(1, Buffer.from("bye"), true)) relay.push(frame, "resource");
    expect(said).toEqual([
      'opened 1 [["streamtype","stdin"]]',
      "data 1 caller hello",
      "ended 1 caller",
      "data 1 resource bye",
      "ended 1 resource",
    ]);
    expect(heard(sent.resource)).toEqual(["control 1", "data 1 hello", "data 1  fin"]);
    expect(heard(sent.caller)).toEqual(["control 2", "data 1 bye", "data 1  fin"]);
  });

  const writer = new HeaderWriter();
  const first = writer.write(new Map([["streamtype", "stdin"]]));
  const second = writer.write(new Map([["streamtype", "stdout"]]));
  const opened = openFrame(1, first);
  const attacks: readonly (readonly [string, Side, readonly Buffer[]])[] = [
    ["the cluster opens a stream", "resource", [openFrame(2, first)]],
    ["a stream of an even number", "caller", [openFrame(2, first)]],
    ["a stream twice", "caller", [opened, openFrame(1, second)]],
    ["a stream of number 0", "caller", [openFrame(0, first)]],
    ["a unidirectional stream", "caller", [openFrame(1, first, 2)]],
    ["data of no stream", "caller", [...dataFrames(1, Buffer.of(1), false)]],
    [
      "data behind the end",
      "caller",
      [opened, ...dataFrames(1, Buffer.of(1), true), ...dataFrames(1, Buffer.of(1), false)],
    ],
    [
      "data with flags of nothing",
      "caller",
      [opened, Buffer.concat([u32(1), u32(0x0200_0001), Buffer.of(1)])],
    ],
    ["an answer to no stream", "resource", [controlFrame(types.reply, 0, Buffer.concat([u32(1), first]))]],
    [
      "an answer of the caller's",
      "caller",
      [opened, controlFrame(types.reply, 0, Buffer.concat([u32(1), second]))],
    ],
    ["a frame of SPDY/2", "caller", [Buffer.from("8002000100000000", "hex")]],
    ["a frame of no type", "caller", [controlFrame(99, 0, Buffer.alloc(0))]],
    ["credentials", "caller", [controlFrame(10, 0, Buffer.alloc(4))]],
    ["a ping of five bytes", "caller", [controlFrame(types.ping, 0, Buffer.alloc(5))]],
    [
      "pings without an answer",
      "caller",
      Array.from({ length: 33 }, (_, id) => controlFrame(types.ping, 0, u32(id * 2 + 1))),
    ],
    ["an answer to no ping", "resource", [controlFrame(types.ping, 0, u32(1))]],
    ["settings of no form", "caller", [controlFrame(types.settings, 0, u32(3, 1, 1))]],
    ["settings without end", "caller", [controlFrame(types.settings, 0, u32(0xffff_ffff))]],
    ["a reset of no form", "caller", [controlFrame(types.reset, 0, u32(1))]],
    ["a goaway of no form", "caller", [controlFrame(types.goAway, 0, u32(1))]],
    ["a window of no form", "caller", [controlFrame(types.window, 0, u32(1))]],
    ["a long control frame", "caller", [Buffer.from("8003000100ffffff", "hex")]],
    ["too many streams", "caller", streamsUpTo(10)],
  ];
  test.each(attacks)("refused: %s", async (_what, from, frames) => {
    const { relay } = rig();
    const pushed = async () => {
      for (const frame of frames) relay.push(Buffer.from(frame), from);
    };
    expect(await codeOf(pushed)).toBe("kubernetes.stream");
  });

  test("what is under way when a stream is reset goes nowhere", () => {
    const { relay, said, sent } = rig();
    relay.push(Buffer.from(opened), "caller");
    relay.push(controlFrame(types.reset, 0, u32(1, 5)), "caller");
    for (const frame of dataFrames(1, Buffer.from("late"), false)) relay.push(frame, "resource");
    expect(said.slice(1)).toEqual(["reset 1"]);
    expect(sent.caller).toEqual([]);
  });

  test("streams that ended make room for others", () => {
    const { relay } = rig(2);
    const writer = new HeaderWriter();
    for (let id = 1; id < 2_000; id += 2) {
      relay.push(openFrame(id, writer.write(new Map([["port", String(id)]])), fin), "caller");
      for (const frame of dataFrames(id, Buffer.alloc(0), true)) relay.push(frame, "resource");
    }
  });

  test("however it is cut, the same is said; and any bytes are read or refused, by one kind of error", async () => {
    const pack = packer();
    const frames = [
      openFrame(1, await pack(stdin)),
      openFrame(3, await pack(block(["streamtype", "stdout"]))),
      ...dataFrames(1, Buffer.from("hello"), false),
      controlFrame(types.ping, 0, u32(1)),
      ...dataFrames(1, Buffer.alloc(0), true),
    ];
    const whole = Buffer.concat(frames);
    const expected = rig();
    expected.relay.push(Buffer.from(whole), "caller");
    for (const seed of seeds(1_000)) {
      const random = new Random(seed);
      const bytes = Buffer.from(whole);
      const changes = random.upTo(3);
      for (let times = changes; times > 0; times--) bytes[random.upTo(bytes.length)] = random.upTo(256);
      const { relay, sent } = rig();
      try {
        for (let at = 0; at < bytes.length; ) {
          const length = 1 + random.upTo(20);
          relay.push(bytes.subarray(at, at + length), "caller");
          at += length;
        }
        if (changes === 0) {
          expect(text(sent.resource)).toBe(text(expected.sent.resource));
        }
      } catch (error) {
        expect([error instanceof PosternError, changes > 0]).toEqual([true, true]);
      }
      expect(Buffer.concat(sent.resource).length).toBeLessThan(20_000);
    }
  });
});

/** Frames of data by their bytes, whatever their sizes. */
function text(sent: readonly Uint8Array[]): string {
  return heard(sent)
    .flatMap((each) => (each.startsWith("data 1 ") ? each.slice(7).replace(" fin", "") : []))
    .join("");
}

function heard(sent: readonly Uint8Array[]): string[] {
  const said: string[] = [];
  const reader = new SpdyReader({
    control: (type) => void said.push(`control ${type}`),
    data: (id, view, last) => void said.push(`data ${id} ${view}${last ? " fin" : ""}`),
  });
  for (const bytes of sent) reader.push(Buffer.from(bytes));
  return said;
}

function streamsUpTo(count: number): Buffer[] {
  const writer = new HeaderWriter();
  return Array.from({ length: count }, (_, index) =>
    openFrame(index * 2 + 1, writer.write(new Map([["port", String(index)]]))),
  );
}

async function codeOf(act: () => Promise<unknown>): Promise<string> {
  try {
    await act();
    return "nothing";
  } catch (error) {
    return error instanceof PosternError ? error.code : String(error);
  }
}
