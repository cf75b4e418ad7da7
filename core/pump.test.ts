import { afterEach, describe, expect, test } from "bun:test";
import type { Gate } from "./gate.ts";
import type { Reason } from "./operation.ts";
import { type Codec, type Cursor, Pump } from "./pump.ts";
import type { Wire, WireSink } from "./wire.ts";

/** A wire whose peer is the test. */
class TestWire implements Wire {
  readonly remote = "test";
  readonly loopback = true;
  readonly encrypted = false;
  readonly unread = 0;
  readonly gone: Promise<void> = new Promise(() => {});
  whenGone: (() => void) | undefined;
  closed = false;
  backlog = 0;
  paused = false;
  writes: string[] = [];
  sink: WireSink | undefined;
  read(): Promise<Buffer> {
    return Promise.reject(new Error("not read in this test"));
  }
  putBack(): void {}
  secure(): Promise<never> {
    return Promise.reject(new Error("no TLS in this test"));
  }
  deadline(): void {}
  stream(sink: WireSink): void {
    this.sink = sink;
  }
  write(bytes: Uint8Array): boolean {
    this.writes.push(Buffer.from(bytes).toString("latin1"));
    return this.backlog === 0;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  end(): void {
    this.closed = true;
  }
  destroy(): void {
    this.closed = true;
  }
  get sent(): string {
    return this.writes.join("");
  }
}

let caller: TestWire;
let resource: TestWire;
let pump: Pump;
let ended: Reason | undefined;
let reached: string[];

function start(
  toResource: Partial<Codec>,
  options: { toCaller?: Partial<Codec>; passed?: Gate["passed"] } = {},
): void {
  caller = new TestWire();
  resource = new TestWire();
  ended = undefined;
  reached = [];
  const gate = {
    recordsWire: options.passed !== undefined,
    passed: options.passed,
    reached: (limit: string) => void reached.push(limit),
    end(reason: Reason) {
      ended = reason;
    },
  } as unknown as Gate;
  const through: Codec = { decode: (cursor) => cursor.forward(cursor.end - cursor.at), ended() {} };
  pump = new Pump({
    caller,
    resource,
    gate,
    toResource: { ...through, ...toResource },
    toCaller: { ...through, ...options.toCaller },
    buffer: 64,
  });
  pump.start();
}
afterEach(() => pump.close());

/** Messages are one length digit and that many characters; `act` decides by the first of them. */
function digits(act: (cursor: Cursor, length: number, body: string) => void): Codec["decode"] {
  return (cursor) => {
    const length = 1 + Number(String.fromCharCode(cursor.view[cursor.at] as number));
    if (cursor.end - cursor.at < length) return cursor.need(length);
    act(cursor, length, cursor.view.toString("latin1", cursor.at + 1, cursor.at + length));
  };
}

const give = (text: string, wire = caller) => wire.sink?.data(Buffer.from(text, "latin1"));

describe("one chunk, one write", () => {
  const decode = digits((cursor, length, body) => {
    if (body.startsWith("d")) cursor.drop(length);
    else if (body.startsWith("r")) cursor.replace(length, Buffer.from("REPLACED"));
    else if (body.startsWith("i")) {
      cursor.insert(Buffer.from("<"));
      cursor.forward(length);
    } else cursor.forward(length);
  });
  const input = "3abc2dd1x2rr0" + "2ii1y";
  const output = "3abc1xREPLACED0<2ii1y";

  test("forward, drop, replace and insert in order", () => {
    start({ decode });
    give(input);
    expect(resource.writes).toEqual([output]);
  });

  test("a run that nobody touched leaves as it came", () => {
    start({ decode });
    give("3abc1x0");
    expect(resource.writes).toEqual(["3abc1x0"]);
  });

  test("the same split at every byte, and byte by byte", () => {
    for (let at = 1; at < input.length; at++) {
      start({ decode });
      give(input.slice(0, at));
      give(input.slice(at));
      expect(resource.sent).toBe(output);
    }
    start({ decode });
    for (const byte of input) give(byte);
    expect(resource.sent).toBe(output);
  });
});

test("a message longer than its chunk streams through, and a dropped one disappears", () => {
  start({
    decode(cursor) {
      const keep = cursor.view[cursor.at] === 0x6b;
      if (keep) cursor.forward(10);
      else cursor.drop(10);
    },
  });
  give("k123");
  expect(resource.writes).toEqual(["k123"]);
  expect(pump.atBoundary("toResource")).toBe(false);
  give("456789d12");
  give("3456789k123456789");
  expect(resource.sent).toBe("k123456789k123456789");
  expect(pump.atBoundary("toResource")).toBe(true);
});

test("injected bytes wait for the end of the message that is passing", () => {
  start({ decode: (cursor) => cursor.forward(4) });
  give("ab");
  pump.inject("toResource", Buffer.from("!"));
  expect(resource.sent).toBe("ab");
  give("cdefgh");
  expect(resource.sent).toBe("abcd!efgh");
  pump.inject("toResource", Buffer.from("?"));
  expect(resource.sent).toBe("abcd!efgh?");
});

describe("a stalled direction", () => {
  function stalling(how: "stall" | "pause" = "stall"): { seen: string[]; go(): void } {
    let open = false;
    const seen: string[] = [];
    start({
      decode(cursor) {
        if (cursor.view[cursor.at] === 0x73 && !open) cursor[how]();
        else cursor.forward(1);
      },
      waiting: (pending) => seen.push(pending.toString("latin1")),
    });
    return {
      seen,
      go() {
        open = true;
        pump.resume("toResource");
      },
    };
  }

  test("sends what came before, shows the codec what comes, and goes on where it stood", () => {
    const { seen, go } = stalling();
    give("absc");
    expect(resource.sent).toBe("ab");
    give("X");
    expect(seen).toEqual(["scX"]);
    go();
    expect(resource.sent).toBe("abscX");
  });

  test("for a moment keeps what came before for the same write, also while more comes", () => {
    const { go } = stalling("pause");
    give("absc");
    give("X");
    expect(resource.writes).toEqual([]);
    go();
    expect(resource.writes).toEqual(["abscX"]);
  });

  test("for a moment sends what it keeps before what is put in meanwhile, and before it closes", () => {
    stalling("pause");
    give("abs");
    pump.inject("toResource", Buffer.from("N"));
    expect(resource.sent).toBe("abN");
    give("more");
    pump.close();
    expect(resource.sent).toBe("abN");
  });

  test("for a moment loses nothing when the session is closed", () => {
    stalling("pause");
    give("abs");
    pump.close();
    expect(resource.sent).toBe("ab");
  });

  test("is bounded: past the limit its source is paused until it goes on", () => {
    const { go } = stalling();
    give("s");
    give("x".repeat(64));
    expect(caller.paused).toBe(false);
    give("x");
    expect(caller.paused).toBe(true);
    expect(reached).toEqual(["buffer"]);
    go();
    expect(caller.paused).toBe(false);
    expect(resource.sent).toHaveLength(66);
  });

  test("towards the resource ends with its caller at once", () => {
    stalling();
    give("s");
    caller.sink?.close();
    expect(resource.closed).toBe(true);
    expect(resource.sent).toBe("");
  });

  test("towards the caller is delivered before the end of the resource counts", () => {
    let open = false;
    let over = false;
    start(
      {},
      {
        toCaller: {
          decode: (cursor) => (open ? cursor.forward(1) : cursor.stall()),
          ended() {
            over = true;
          },
        },
      },
    );
    give("bye", resource);
    resource.sink?.close();
    expect(over).toBe(false);
    open = true;
    pump.resume("toCaller");
    expect(caller.sent).toBe("bye");
    expect(over).toBe(true);
    expect(caller.closed).toBe(true);
  });
});

test("a slow reader pauses the other side until it drains", () => {
  start({});
  caller.backlog = 65;
  give("answer", resource);
  expect(resource.paused).toBe(true);
  give("answer", resource);
  expect(reached).toEqual(["buffer"]);
  caller.backlog = 0;
  caller.sink?.drain();
  expect(resource.paused).toBe(false);
});

test("a recorder that is behind pauses the resource until it has kept what passed", async () => {
  let keep = () => {};
  const seen: string[] = [];
  start(
    {},
    {
      passed(bytes) {
        seen.push(Buffer.from(bytes).toString());
        return new Promise((resolve) => {
          keep = resolve;
        });
      },
    },
  );
  give("answer", resource);
  expect(seen).toEqual(["answer"]);
  expect(resource.paused).toBe(true);
  keep();
  await Promise.resolve();
  expect(resource.paused).toBe(false);
});

test("a codec that throws or gets stuck ends the session, and nothing more passes", () => {
  start({
    decode() {
      throw new Error("bug");
    },
  });
  give("x");
  expect(ended?.code).toBe("relay.failed");
  give("y");
  expect(resource.sent).toBe("");
  start({ decode() {} });
  give("x");
  expect(ended?.code).toBe("relay.stuck");
});

test("a large needed message is joined once", () => {
  start({
    decode: (cursor) => (cursor.end - cursor.at < 1_000 ? cursor.need(1_000) : cursor.forward(1_000)),
  });
  for (let i = 0; i < 100; i++) give("0123456789");
  expect(resource.writes).toHaveLength(1);
  expect(resource.sent).toHaveLength(1_000);
});
