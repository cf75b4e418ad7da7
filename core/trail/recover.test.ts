import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Entry } from "./entry.ts";
import { follow } from "./read.ts";
import { recover, unfinished } from "./recover.ts";
import { heads } from "./streams.ts";
import { TrailRig } from "./trail-rig.ts";

let rig: TrailRig;
beforeEach(() => {
  rig = new TrailRig();
});
afterEach(() => rig.remove());

const identity = { issuer: "i", subject: "alice", kind: "person", groups: [] } as const;
const open = (session: string): Entry => {
  return {
    kind: "open",
    session,
    identity,
    resource: "r",
    protocol: "p",
    remote: "x",
    policy: "1",
    rights: [],
  };
};
const operation = (session: string): Entry => {
  return { kind: "operation", session, text: "q", actions: [], rules: [], policy: "1" };
};
const hold = (session: string, id: string): Entry => {
  const what = {
    text: "q",
    actions: [],
    by: "group leads",
    expires: 0,
    inTransaction: false,
    policy: "1",
    digest: "",
  };
  return { kind: "hold", hold: id, session, identity, resource: "r", ...what };
};

/** A worker that finished one session and left another in the middle of everything. */
async function deadWorker(stream: string): Promise<number> {
  const worker = await rig.open(stream, { role: "worker" });
  worker.append(open("done"));
  const first = worker.append(operation("done"));
  worker.append({ kind: "outcome", session: "done", op: first, outcome: { result: "ok" }, ms: 1 });
  worker.append(hold("done", "h1"));
  worker.append({ kind: "hold-ended", hold: "h1", session: "done", how: "denied" });
  worker.append({ kind: "close", session: "done", reason: { code: "x", message: "" }, operations: 1 });
  worker.append(open("cut"));
  const op = worker.append(operation("cut"));
  worker.append(hold("cut", "h2"));
  await worker.durable(worker.seq);
  return op;
}

function abandonedIn(stream: string): Entry[] {
  return [...follow(rig.dataDir, stream)].filter((entry) => entry.kind === "abandoned");
}

test("what a dead worker left open is marked, and nothing else", async () => {
  const op = await deadWorker("a-w0");
  const trail = await rig.open("b-s", { previous: heads(rig.dataDir) });
  const found = recover(rig.dataDir, trail, ["a-w0"]);
  expect(found).toEqual([
    { kind: "abandoned", what: "session", session: "cut", stream: "a-w0" },
    { kind: "abandoned", what: "outcome-unknown", session: "cut", stream: "a-w0", op },
    { kind: "abandoned", what: "hold", session: "cut", stream: "a-w0", hold: "h2" },
  ]);
  expect(abandonedIn("b-s")).toMatchObject(found as Entry[]);
  expect(unfinished(rig.dataDir, ["a-w0", "b-s"]).abandoned).toEqual([]);
  await trail.close();
});

test("each thing is marked once, also when the recovery itself was cut short", async () => {
  await deadWorker("a-w0");
  const first = await rig.open("b-s", { previous: heads(rig.dataDir) });
  const [one] = unfinished(rig.dataDir, ["a-w0"]).abandoned;
  first.append(one!);
  await first.durable(first.seq);
  // That supervisor dies here: two are left, and only what it commits to tells of the worker.
  const previous = heads(rig.dataDir);
  expect(previous.map(({ stream }) => stream)).toEqual(["b-s"]);
  const second = await rig.open("c-s", { previous });
  expect(recover(rig.dataDir, second, ["b-s"])).toHaveLength(2);
  await second.close();
  const third = await rig.open("d-s", { previous: heads(rig.dataDir) });
  expect(recover(rig.dataDir, third, ["c-s"])).toEqual([]);
  await third.close();
  expect([...abandonedIn("b-s"), ...abandonedIn("c-s"), ...abandonedIn("d-s")]).toHaveLength(3);
});

test("a worker that died under a living supervisor is not recovered again after the restart", async () => {
  const supervisor = await rig.open("a-s");
  await deadWorker("a-w0");
  expect(recover(rig.dataDir, supervisor, ["a-w0"])).toHaveLength(3);
  await supervisor.durable(supervisor.seq);
  const previous = heads(rig.dataDir);
  expect(previous.map(({ stream }) => stream)).toEqual(["a-s", "a-w0"]);
  const next = await rig.open("b-s", { previous });
  expect(recover(rig.dataDir, next, ["a-s", "a-w0"])).toEqual([]);
  await next.close();
});
