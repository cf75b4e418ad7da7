import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Policy } from "./policy.ts";
import type { Door, Protocol } from "./protocol.ts";
import { connectWire, listenWires, type WireListener } from "./socket.ts";
import { lineStream } from "./testing/protocols/line-stream.ts";
import { linesProtocol } from "./testing/protocols/lines.ts";
import { Rig } from "./testing/rig.ts";
import { policyOf, shouting } from "./testing/shelf.ts";

let rig: Rig;
/** Its connections go into the gateway inside of the one that carries. */
let inside: WireListener;
let opened: PromiseWithResolvers<Door>;
let served: Policy;

/** Whoever asks for `carry` is no session: others come inside of it. */
const carrying: typeof linesProtocol = {
  ...linesProtocol,
  async accept(caller, offered) {
    const arrival = await linesProtocol.accept(caller, offered);
    if (arrival === undefined || "carries" in arrival || arrival.resource !== "carry") return arrival;
    opened.resolve(offered);
    return { carries: arrival.identity, over: caller.gone };
  },
} satisfies Protocol;

beforeEach(async () => {
  opened = Promise.withResolvers();
  rig = new Rig({ dataDir: "/kept" });
  inside = listenWires({ host: "127.0.0.1", port: 0 }, async (wire) => (await opened.promise).enter(wire));
  const policy = policyOf(shouting(rig));
  const resources = Object.fromEntries(
    Object.entries(policy.resources).map(([name, resource]) => [name, { ...resource, protocol: carrying }]),
  );
  served = { ...policy, resources };
  await rig.follow(served);
});
afterEach(async () => {
  inside.stop();
  await rig.stop();
});

async function carrier() {
  const outer = await rig.connect("porter:staff", "carry");
  return { outer, door: await opened.promise };
}

/** A caller inside of it. */
async function inner(token: string, resource: string) {
  const wire = await connectWire({ host: "127.0.0.1", port: inside.port, timeout: 1_000 });
  const lines = lineStream(wire);
  wire.write(Buffer.from(`hello ${token} ${resource}\n`));
  return { wire, lines };
}

test("a connection inside of another is a session of whoever logs in on it", async () => {
  await carrier();
  const { lines, wire } = await inner("alice:staff", "box");
  expect(await lines.next()).toMatch(/^welcome ses_/);
  wire.write(Buffer.from("read shelf\n"));
  expect(await lines.next()).toBe("READ SHELF");
  expect(rig.trail.of("open").map(({ identity }) => identity.subject)).toEqual(["alice"]);
});

test("it is decided about by itself, whoever opened the connection that carries it", async () => {
  await carrier();
  const nobody = await inner("bad", "box");
  expect(await nobody.lines.next()).toStartWith("error identity.refused");
  const elsewhere = await inner("alice", "nowhere");
  expect(await elsewhere.lines.next()).toStartWith("error resource.unknown");
  expect(rig.trail.of("open")).toEqual([]);
});

test("what carries ends when its owner's access does", async () => {
  const { outer } = await carrier();
  await rig.gateway.endAccess({
    ...{ id: "end_1", at: Date.now(), of: { kind: "identity", subject: "porter" }, blocks: false },
    ...{ reason: { code: "access.revoked", message: "Over." }, by: "operator" },
  });
  await outer.wire.gone;
});

test("it takes a place among those of its identity, and gives it back", async () => {
  await rig.follow({ ...served, limits: { ...served.limits, sessionsPerIdentity: 2 } });
  const first = await carrier();
  await carrier();
  const third = await rig.connect("porter:staff", "carry");
  expect(await third.lines.next()).toStartWith("error limit.sessions Too many sessions are open.");
  await third.wire.gone;
  const session = await rig.connect("porter:staff", "box");
  expect(await session.lines.next()).toStartWith("error limit.sessions");
  expect(rig.trail.of("connect-denied")).toMatchObject([
    { identity: { subject: "porter" }, resource: "(carrier)", reason: { code: "limit.sessions" } },
    { identity: { subject: "porter" }, resource: "box", reason: { code: "limit.sessions" } },
  ]);
  // Somebody else's place is not hers.
  expect(await (await inner("alice:staff", "box")).lines.next()).toMatch(/^welcome ses_/);
  const closed = rig.event("closed");
  first.outer.wire.destroy();
  await closed;
  expect(await (await rig.connect("porter:staff", "box")).lines.next()).toMatch(/^welcome ses_/);
});

test("the door says what may be named, and where a protocol keeps what it keeps", async () => {
  const { door } = await carrier();
  expect(Object.keys(door.resources)).toEqual(["box", "other"]);
  expect(door.dataDir).toBe("/kept");
  expect(door.device).toBeUndefined();
});

test("what somebody asked for in vain stands in the trail", async () => {
  const { door } = await carrier();
  const porter = { issuer: "test", subject: "porter", kind: "person", groups: [] } as const;
  const reason = { code: "resource.unknown", message: "Not here." };
  door.denied(porter, "10.0.0.1:22", reason);
  expect(rig.trail.of("connect-denied")).toMatchObject([
    { identity: { subject: "porter" }, resource: "10.0.0.1:22", protocol: "lines", reason },
  ]);
});
