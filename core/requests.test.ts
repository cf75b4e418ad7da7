import { afterEach, beforeEach, expect, test } from "bun:test";
import { PosternError } from "./error.ts";
import { gateway } from "./policy/gateway.ts";
import { defaultLimits, type Limits, type Policy } from "./policy.ts";
import type { Reach, RequestDoor, RequestProtocol, Resource, Visit } from "./protocol.ts";
import { until } from "./testing/conformance/soon.ts";
import { lineStream } from "./testing/protocols/line-stream.ts";
import { namedIdentities, Rig } from "./testing/rig.ts";
import { anyone } from "./who.ts";

/** What the protocol under test reached, and how it is to go on. */
class Reaches {
  made = 0;
  open = 0;
  /** While set, nothing is reached before it is kept. */
  stall: Promise<void> | undefined;
  fails = false;

  async make(): Promise<Reach> {
    this.made++;
    await this.stall;
    if (this.fails) throw new PosternError("resource.unreachable", "Nobody is there.");
    this.open++;
    let closed = false;
    return {
      close: () => {
        if (!closed) this.open--;
        closed = true;
      },
    };
  }
}

/**
 * Each line is a request, `TOKEN RESOURCE`, answered with its session; `TOKEN RESOURCE stay` is under way until its session ends,
 * `TOKEN RESOURCE often` is a hundred requests in one turn of the loop.
 */
function asking(reaches: Reaches): RequestProtocol<undefined, "operation", "asking"> {
  return {
    name: "asking",
    emits: ["operation"],
    reach: () => reaches.make(),
    refuse: () => {},
    async serve(caller, door: RequestDoor) {
      const lines = lineStream(caller);
      const say = (text: string) => void caller.write(Buffer.from(`${text}\n`));
      for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
        const [token = "", resource = "", how] = line.split(" ");
        try {
          const identity = await door.identify({ kind: "token", token });
          const visits = Array.from({ length: how === "often" ? 100 : 1 }, () =>
            door.visit({ identity, resource }),
          );
          const [visit, ...others] = await Promise.all(visits);
          if (!visit || others.some((other) => other !== visit)) throw new Error("not one session");
          if (how === "stay") staying(visit, say);
          else {
            const who = { cut() {} };
            visit.enter(who);
            visit.leave(who);
          }
          say(visit.gate.session.id);
        } catch (error) {
          say(error instanceof PosternError ? error.code : String(error));
        }
      }
    },
  };
}

function staying(visit: Visit, say: (text: string) => void): void {
  const who = { cut: () => say("cut") };
  visit.enter(who);
  visit.gate.signal.addEventListener("abort", () => {
    say("over");
    visit.leave(who);
  });
}

let rig: Rig;
let reaches: Reaches;

beforeEach(() => {
  rig = new Rig();
  reaches = new Reaches();
});
afterEach(() => rig.stop());

function policy(limits: Partial<Limits> = {}, only: { resource?: string } = {}): Policy {
  const resource: Resource<undefined, "operation", "asking"> = {
    protocol: asking(reaches),
    config: undefined,
  };
  const made = gateway({
    listen: { asking: { port: 0, insecure: true, ...only } },
    identity: [namedIdentities],
    resources: { thing: resource },
    rules: [{ name: "all", who: anyone, on: "thing", may: "all" }],
  } as never);
  return { ...made, limits: { ...defaultLimits, ...limits } };
}

/** So many callers, each of which says these lines; what each was told last. */
async function said(count: number, line: (index: number) => string): Promise<string[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const wire = await rig.dial();
      const lines = lineStream(wire);
      wire.write(Buffer.from(`${line(index)}\n`));
      return (await lines.next()) ?? "nothing";
    }),
  );
}

const opened = () => rig.trail.of("open").length;
const closed = () => rig.trail.of("close").length;

test("a hundred first requests at once are of one session, reached once", async () => {
  await rig.follow(policy());
  expect(new Set(await said(100, () => "alice thing often")).size).toBe(1);
  expect([opened(), reaches.made]).toEqual([1, 1]);
});

test("after it has ended, with a request still on its way out, a hundred at once are of one other session", async () => {
  await rig.follow(policy());
  const [first = ""] = await said(1, () => "alice thing stay");
  await rig.gateway.endSession(first, { code: "session.killed", message: "Enough." });
  const then = new Set(await said(10, () => "alice thing often"));
  expect([then.size, then.has(first), opened()]).toEqual([1, false, 2]);
  await until("the first one is closed", () => closed() === 1);
});

test("where the resource is another one after a reload, a hundred at once are of one new session, and the old one goes", async () => {
  await rig.follow(policy());
  const [first = ""] = await said(1, () => "alice thing");
  await rig.follow(policy());
  const then = new Set(await said(10, () => "alice thing often"));
  expect([then.size, then.has(first), opened(), closed()]).toEqual([1, false, 2, 1]);
  expect(reaches.open).toBe(1);
});

test("a session that cannot be opened is tried once for all who wait for it, and again for who comes next", async () => {
  await rig.follow(policy());
  const stall = Promise.withResolvers<void>();
  reaches.stall = stall.promise;
  reaches.fails = true;
  const waiting = said(50, () => "alice thing");
  await until("it is being opened", () => reaches.made === 1);
  stall.resolve();
  expect(new Set(await waiting)).toEqual(new Set(["resource.unreachable"]));
  expect(opened()).toBe(closed());
  reaches.fails = false;
  expect((await said(1, () => "alice thing"))[0]).toMatch(/^ses_/);
});

test("other groups and other tokens are other sessions", async () => {
  await rig.follow(policy());
  const all = await said(6, (index) => ["alice thing", "alice:staff thing", "bob thing"][index % 3] ?? "");
  expect(new Set(all).size).toBe(3);
});

test("a session that is ended while its resource is being reached is over at once, and what comes late is closed", async () => {
  await rig.follow(policy());
  const stall = Promise.withResolvers<void>();
  reaches.stall = stall.promise;
  const waiting = said(3, () => "alice thing");
  await until("it is being opened", () => reaches.made === 1);
  const { session } = rig.trail.of("open")[0] ?? { session: "none" };
  await rig.gateway.endSession(session, { code: "session.killed", message: "Enough." });
  expect(await waiting).toEqual(["session.killed", "session.killed", "session.killed"]);
  expect(closed()).toBe(1);
  stall.resolve();
  await until("what came late is closed", () => reaches.open === 0);
});

test("a stop waits for no session that is being opened", async () => {
  await rig.follow(policy());
  reaches.stall = new Promise(() => {});
  const waiting = said(1, () => "alice thing");
  await until("it is being opened", () => reaches.made === 1);
  await rig.gateway.stop(10);
  expect(await waiting).toEqual(["gateway.stopping"]);
  expect(closed()).toBe(1);
});

test("whoever has too many sessions loses the one that has rested longest, and none that is in use", async () => {
  await rig.follow(policy({ sessionsPerIdentity: 3 }));
  const inUse = await said(1, () => "alice thing stay");
  const resting = await said(1, () => "alice:a thing");
  await said(1, () => "alice:b thing");
  expect((await said(1, () => "alice:c thing"))[0]).toMatch(/^ses_/);
  expect(rig.trail.of("close").map(({ session }) => session)).toEqual(resting);
  await said(2, (index) => `alice:${index} thing stay`);
  expect(await said(1, () => "alice:z thing")).toEqual(["limit.sessions"]);
  expect(rig.trail.of("close").map(({ session }) => session)).not.toContain(inUse[0]);
});

test("many tokens at once of one identity with room for few: nobody is refused while any of them rests", async () => {
  await rig.follow(policy({ sessionsPerIdentity: 2 }));
  for (let round = 0; round < 20; round++) {
    const [told = ""] = await said(1, () => `alice:${round} thing`);
    expect(told).toMatch(/^ses_/);
  }
  expect(opened() - closed()).toBe(2);
  expect(reaches.open).toBe(2);
});

test("it rests, and is over; never while a request is under way", async () => {
  await rig.follow(policy({ requestIdle: 50 }));
  const [stays = ""] = await said(1, () => "alice thing stay");
  await said(1, () => "bob thing");
  await until("the one that rests is over", () => closed() === 1);
  await Bun.sleep(300);
  expect(rig.trail.of("close").map(({ reason }) => reason.code)).toEqual(["session.idle"]);
  expect((await said(1, () => "alice thing"))[0]).toBe(stays);
});

test("a thousand sessions that have rested leave nothing behind", async () => {
  await rig.follow(policy({ requestIdle: 50, sessionsPerIdentity: 10_000, sessions: 10_000 }));
  const wire = await rig.dial();
  const lines = lineStream(wire);
  for (let count = 0; count < 1_000; count++) {
    wire.write(Buffer.from(`user${count} thing\n`));
    expect(await lines.next()).toMatch(/^ses_/);
  }
  await until("all are over", () => closed() === 1_000);
  expect([reaches.open, rig.trail.of("open").length]).toEqual([0, 1_000]);
});

test("a connection whose listener the policy has no more takes no request; one that stays follows the new policy", async () => {
  await rig.follow(policy());
  const wire = await rig.dial();
  const lines = lineStream(wire);
  const ask = async () => {
    wire.write(Buffer.from("alice thing\n"));
    return await lines.next();
  };
  expect(await ask()).toMatch(/^ses_/);
  await rig.follow({ ...policy(), rules: [] });
  expect(await ask()).toBe("policy.no-rule");
  await rig.follow(policy());
  expect(await ask()).toMatch(/^ses_/);
  await rig.follow(policy({}, { resource: "thing" }));
  expect(await ask()).toBe("policy.no-listener");
  expect(rig.trail.of("connect-denied").map(({ reason }) => reason.code)).toEqual([
    "policy.no-rule",
    "policy.no-listener",
  ]);
});
