import { afterEach, beforeEach, expect, spyOn, test } from "bun:test";
import type { Duration } from "./duration.ts";
import { Endings } from "./endings.ts";
import type { Identity } from "./identity.ts";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { provider, resource, somebody } from "./policy/fixture.ts";
import { gateway } from "./policy/gateway.ts";
import type { Session } from "./session.ts";
import { Sessions } from "./sessions.ts";
import type { Supervision } from "./supervision.ts";
import { MemoryTrail } from "./testing/rig.ts";
import { anyone } from "./who.ts";

const shop = resource("rows", "operation");
const policyOf = (idle: Duration = "1h") =>
  gateway({
    listen: {},
    identity: [provider],
    resources: { shop },
    rules: [{ name: "all", who: anyone, on: "shop", may: "all" }],
    limits: { idle },
  });

let sessions: Sessions;
let looks = 0;
beforeEach(() => {
  const supervision: Partial<Supervision> = {
    place: async () => undefined,
    sessionOpened() {},
    sessionClosed() {},
  };
  sessions = new Sessions({
    trail: new MemoryTrail(),
    supervision: supervision as Supervision,
    log: createLog({ level: "silent" }),
    metrics: createMetrics(),
    endings: new Endings(),
  });
});
afterEach(() => sessions.stop());

async function open(identity: Identity): Promise<Session> {
  const session = await sessions.open({ identity, resource: "shop", state: undefined }, "rows", "here", shop);
  const { mayEndAt } = session;
  session.mayEndAt = (now) => {
    looks++;
    return mayEndAt.call(session, now);
  };
  return session;
}

const over = async (session: Session) => {
  while (!session.ended) await Bun.sleep(5);
  return session.ended.code;
};

test("whoever rests too long ends in time, whoever is at work or has been does not, and nobody is looked at for nothing", async () => {
  sessions.follow(policyOf("600ms"));
  const began = Date.now();
  const [rests, works, worked] = [
    await open(somebody("a")),
    await open(somebody("b")),
    await open(somebody("c")),
  ];
  works.inFlight = 1;
  looks = 0;
  await Bun.sleep(400);
  worked.lastActive = Date.now();
  // Only the walk that every new policy brings.
  expect(looks).toBeLessThanOrEqual(3);
  expect(await over(rests)).toBe("session.idle");
  expect(Date.now() - began).toBeWithin(600, 1_100);
  expect([works.ended, worked.ended]).toEqual([undefined, undefined]);
  expect(await over(worked)).toBe("session.idle");
  works.inFlight = 0;
  works.lastActive = Date.now();
  expect(await over(works)).toBe("session.idle");
});

test("a token's end, and what is made for a session and ends sooner than was known", async () => {
  sessions.follow(policyOf());
  const machine = { ...somebody("m"), kind: "machine", expires: Date.now() + 300 } as const;
  const [token, leased] = [await open(machine), await open(somebody("a"))];
  expect(await over(token)).toBe("session.token-expired");
  sessions.close(token, { code: "session.token-expired", message: "" });
  await Bun.sleep(300);
  leased.leaseEnds = Date.now() + 50;
  leased.sooner();
  expect(await over(leased)).toBe("session.lease");
});

test("limits of another policy count at once", async () => {
  sessions.follow(policyOf());
  const session = await open(somebody("a"));
  await Bun.sleep(300);
  sessions.follow(policyOf("50ms"));
  expect(await over(session)).toBe("session.idle");
});

test("a clock that is set back while somebody is at work does not let them rest for longer", async () => {
  sessions.follow(policyOf("600ms"));
  const session = await open(somebody("a"));
  session.inFlight = 1;
  await Bun.sleep(300);
  const { now } = Date;
  const clock = spyOn(Date, "now").mockImplementation(() => now() - 3_600_000);
  try {
    session.inFlight = 0;
    session.lastActive = Date.now();
    expect(await over(session)).toBe("session.idle");
  } finally {
    clock.mockRestore();
  }
});
