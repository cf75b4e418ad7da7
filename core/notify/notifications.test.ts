import { expect, test } from "bun:test";
import { createLog } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import type { Notice, NoticeType, OpenNotifier } from "../notifier.ts";
import { MemoryTrail } from "../testing/rig.ts";
import { Notifications, openNotifiers } from "./notifications.ts";
import type { Opened } from "./outbox.ts";

const notice: Notice = {
  id: "w-1",
  type: "hold.ended",
  time: 1,
  data: { hold: "hold_1", session: "ses_1", how: "expired" },
};

function opened(deliver: OpenNotifier["deliver"], close = () => {}): Opened {
  const open = { deliver, close };
  const notifier = { name: "bell", events: ["hold.ended"] as const, retry: [3_600_000], timeout: 1_000 };
  return { notifier: { ...notifier, open: async () => open }, open };
}

function notifications() {
  const trail = new MemoryTrail();
  const wanted: (readonly NoticeType[])[] = [];
  const metrics = createMetrics("test");
  const log = createLog({ level: "silent" });
  const all = new Notifications({ trail, log, metrics, wants: (types) => void wanted.push(types) });
  return { all, trail, wanted, metrics };
}

const fails = async () => {
  throw new Error("no");
};

test("what the policy's notifiers want is asked for, and nothing when there are none", () => {
  const { all, wanted } = notifications();
  all.follow([opened(async () => {}), opened(async () => {})]);
  all.follow([]);
  expect(wanted).toEqual([["hold.ended"], []]);
  expect(all.any).toBe(false);
});

test("a stop gives up what waits, once each, and closes every notifier once", async () => {
  const { all, trail, metrics } = notifications();
  let closed = 0;
  all.follow([opened(fails, () => void closed++)]);
  all.tell([notice]);
  all.follow([]);
  await all.close(30);
  expect(trail.of("notify-failed")).toMatchObject([
    { notifier: "bell", why: "the gateway stopped", notice: "w-1", session: "ses_1", notices: 1 },
  ]);
  expect(closed).toBe(1);
  expect(await metrics.registry.metrics()).toContain(
    'postern_notices_total{notifier="bell",result="failed"} 1',
  );
});

test("policies that come one after the other do not pile up notifiers that cannot deliver", async () => {
  const { all, trail } = notifications();
  for (let times = 0; times < 30; times++) {
    all.follow([opened(fails)]);
    all.tell([notice]);
  }
  expect(trail.of("notify-failed").length).toBe(21);
  expect(trail.of("notify-failed")[0]?.why).toBe("newer policies took its place");
  await all.close(0);
  expect(trail.of("notify-failed").length).toBe(30);
});

test("a trail that takes nothing changes nothing else", async () => {
  const { all, trail } = notifications();
  trail.full = true;
  all.follow([opened(fails)]);
  all.tell([notice]);
  await all.close(0);
  expect(trail.entries).toEqual([]);
});

test("a notifier that refuses to open leaves none open", async () => {
  let closed = 0;
  const good = opened(
    async () => {},
    () => void closed++,
  ).notifier;
  const bad = { ...good, open: async () => fails() };
  await expect(openNotifiers({ notify: [good, bad] } as never)).rejects.toThrow("no");
  expect(closed).toBe(1);
});
