import { describe, expect, test } from "bun:test";
import type { Outcome, Wire } from "../../../core/plugin.ts";
import { decodeFrames, frameTypes } from "../../../core/recording/frames.ts";
import { callerLimits, H1Caller } from "../h1/caller.ts";
import { MemoryWire } from "../h1/testing/memory-wire.ts";
import { HttpReach } from "../reach/reach.ts";
import type { RelayParts } from "./parts.ts";
import { Relay } from "./relay.ts";

/*
 * An answer that comes at once goes by as bytes, one that comes in pieces is read: nobody can tell by what the caller
 * gets, by what the resource is sent, by the recording or by the trail.
 */

class Reach extends HttpReach {
  readonly wire = new MemoryWire();

  protected override dial(): Promise<Wire> {
    return Promise.resolve(this.wire);
  }
}

interface Seen {
  readonly caller: string;
  readonly resource: string;
  readonly recorded: readonly string[];
  readonly outcomes: readonly Outcome[];
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Two requests one after the other, each answered by these chunks. */
async function seen(chunks: readonly Buffer[], method = "GET", version = "1.1"): Promise<Seen> {
  const caller = new MemoryWire();
  const reach = new Reach({ url: "http://127.0.0.1:9" }, undefined);
  const recorded: Buffer[] = [];
  const outcomes: Outcome[] = [];
  const gate = {
    recordsWire: true,
    session: {},
    passed: (bytes: Buffer) => void recorded.push(Buffer.from(bytes)),
  };
  const pass = {
    seq: 1,
    answer: undefined,
    ready: () => undefined,
    end: (how: Outcome) => void outcomes.push(how),
  };
  const route = { resource: "r", target: "/a?b=c", byHost: false, prefix: "/r" };
  const fields = ["Host", "127.0.0.1:9"];
  const connection = {
    dialect: { login: () => [] },
    sentFields: {
      head: (head: RelayParts["asked"]["head"]) => ({ ...head, authority: "127.0.0.1:9", fields }),
    },
  };
  new H1Caller(caller, {
    limits: callerLimits,
    refuse: (status) => ({ head: { status, reason: "", fields: [] }, body: Buffer.alloc(0) }),
    serve(exchange) {
      const head = exchange.request;
      const asked = { head, target: "/a?b=c", path: "/a", query: "?b=c", hasBody: false, config: {} };
      const parts = { exchange, connection, visit: { gate, reach, limits: {} }, asked, route, pass };
      const reading = { statement: { text: "", actions: [] } };
      const handling = { refuse: () => exchange.abort(), done() {} };
      const relay = new Relay({ ...parts, reading, handling, body: undefined } as unknown as RelayParts);
      exchange.gone = () => relay.stop(undefined);
      exchange.drained = () => relay.callerDrained();
      relay.start();
    },
  });
  for (let times = 0; times < 2; times++) {
    caller.arrive(
      Buffer.from(`${method} /r/a?b=c HTTP/${version}\r\nHost: g\r\nConnection: keep-alive\r\n\r\n`),
    );
    await turn();
    for (const chunk of chunks) {
      reach.wire.arrive(chunk);
      await turn();
    }
  }
  reach.wire.finish();
  caller.finish();
  return { caller: caller.written, resource: reach.wire.written, recorded: said(recorded), outcomes };
}

/** What is in the frames, whatever pieces it came in. */
function said(recorded: readonly Buffer[]): string[] {
  const all: string[] = [];
  let last = "";
  for (const { type, channel, data } of decodeFrames(Buffer.concat(recorded))) {
    const kind = `${type} ${channel}`;
    const text = Buffer.from(data).toString("latin1");
    if (kind === last && type === frameTypes.output) all[all.length - 1] += text;
    else all.push(`${kind} ${text}`);
    last = kind;
  }
  return all;
}

const answers = {
  plain:
    'HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: a/"b"\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello',
  empty: "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
  cached: "HTTP/1.1 200 OK\r\nCache-Control: public, max-age=3\r\nContent-Length: 2\r\n\r\nok",
  missing: "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\nKeep-Alive: timeout=5\r\n\r\ngone",
  moved: "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nno",
  chunked: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
  last: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab",
  faulty: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
  smuggled: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
} as const;

describe.each(Object.entries(answers))("an answer in one piece or in several: %s", (_name, text) => {
  const bytes = Buffer.from(text, "latin1");
  const body = bytes.indexOf("\r\n\r\n") + 4;

  test.each([
    ["GET", "1.1"],
    ["HEAD", "1.1"],
    ["GET", "1.0"],
  ])("%s of HTTP/%s", async (method, version) => {
    const whole = await seen([bytes], method, version);
    expect(whole.outcomes.length).toBeGreaterThan(0);
    if (_name === "smuggled") return;
    const cuts = method === "HEAD" ? [20] : [20, body, bytes.length - 1].filter((at) => at < bytes.length);
    for (const at of cuts) {
      expect(await seen([bytes.subarray(0, at), bytes.subarray(at)], method, version)).toEqual(whole);
    }
  });
});

test("what comes behind an answer answers nobody", async () => {
  const { caller, outcomes } = await seen([Buffer.from(answers.smuggled)]);
  expect(caller).not.toContain("x");
  expect(caller.match(/HTTP\/1\.1 200/g)?.length).toBe(1);
  expect(outcomes.length).toBeGreaterThan(0);
});

test("a request that was sent before is sent as the same bytes", async () => {
  const { resource } = await seen([Buffer.from(answers.plain)]);
  const [first = "", second = ""] = resource.split(/(?<=\r\n\r\n)/);
  expect(first).toBe("GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n");
  expect(second).toBe(first);
});
