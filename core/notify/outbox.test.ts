import { expect, test } from "bun:test";
import { EventEmitter, once } from "node:events";
import { PosternError } from "../error.ts";
import type { Notice, OpenNotifier } from "../notifier.ts";
import { type GivenUp, mostWaiting, Outbox } from "./outbox.ts";

const notice = (id: string): Notice => ({
  id,
  type: "hold.ended",
  time: 1,
  data: { hold: "hold_1", session: "ses_1", how: "expired" },
});

function outboxOf(open: OpenNotifier, options: { retry?: number[]; timeout?: number } = {}) {
  const { retry = [1, 1], timeout = 10_000 } = options;
  const delivered: string[] = [];
  const givenUp: GivenUp[] = [];
  const events = new EventEmitter();
  const notifier = {
    ...{ name: "bell", events: ["hold.ended"] as const, retry, timeout },
    open: async () => open,
  };
  const outbox = new Outbox(
    { notifier, open },
    {
      delivered: (name) => {
        delivered.push(name);
        events.emit("delivered");
      },
      gaveUp: (what) => {
        givenUp.push(what);
        events.emit("gave-up");
      },
    },
  );
  return { outbox, delivered, givenUp, event: (name: string) => once(events, name) };
}

test("takes what the notifier asked for, and nothing else", async () => {
  const seen: string[] = [];
  const { outbox, event } = outboxOf({ deliver: async ({ id }) => void seen.push(id) });
  outbox.take({
    id: "other",
    type: "login.refused",
    time: 1,
    data: { protocol: "p", remote: "r", id: "i", check: "c" },
  });
  const done = event("delivered");
  outbox.take(notice("s-1"));
  await done;
  expect(seen).toEqual(["s-1"]);
  expect(outbox.waiting).toBe(0);
});

test("tries again after each wait, with the same notice, and then gives up with the last reason", async () => {
  const seen: Notice[] = [];
  const { outbox, givenUp, event } = outboxOf({
    async deliver(told) {
      seen.push(told);
      throw new PosternError("webhook.refused", `answer ${seen.length}`);
    },
  });
  const done = event("gave-up");
  outbox.take(notice("s-1"));
  await done;
  expect(seen.map(({ id }) => id)).toEqual(["s-1", "s-1", "s-1"]);
  expect(givenUp).toMatchObject([{ notifier: "bell", why: "answer 3", notices: 1, attempts: 3 }]);
  expect(outbox.waiting).toBe(0);
});

test("one that fails first and then works is delivered once", async () => {
  let attempts = 0;
  const { outbox, delivered, givenUp, event } = outboxOf({
    async deliver() {
      if (++attempts < 3) throw new Error("a secret: hunter2");
    },
  });
  const done = event("delivered");
  outbox.take(notice("s-1"));
  await done;
  expect([attempts, delivered.length, givenUp.length]).toEqual([3, 1, 0]);
});

test("an error that is no PosternError is told by its name alone", async () => {
  const { outbox, givenUp, event } = outboxOf(
    {
      async deliver() {
        throw new TypeError("hunter2");
      },
    },
    { retry: [] },
  );
  const done = event("gave-up");
  outbox.take(notice("s-1"));
  await done;
  expect(givenUp[0]?.why).toBe("the notifier failed (TypeError)");
});

test("one that hangs, and does not look at its signal, is late and holds up nobody else", async () => {
  const seen: string[] = [];
  const { outbox, givenUp, event } = outboxOf(
    {
      deliver({ id }) {
        seen.push(id);
        return id === "hangs" ? new Promise(() => {}) : Promise.resolve();
      },
    },
    { retry: [], timeout: 20 },
  );
  const late = event("gave-up");
  const other = event("delivered");
  outbox.take(notice("hangs"));
  outbox.take(notice("other"));
  await other;
  expect(givenUp).toEqual([]);
  await late;
  expect(givenUp[0]).toMatchObject({ why: "it gave no answer within 20 ms", notice: { id: "hangs" } });
});

test("what finds no room is counted and told as one, and never grows the queue", () => {
  const { outbox, givenUp } = outboxOf({ deliver: () => new Promise(() => {}) });
  for (let at = 0; at < mostWaiting + 5; at++) outbox.take(notice(`s-${at}`));
  expect(outbox.waiting).toBe(mostWaiting);
  outbox.stop("the gateway stopped");
  expect(givenUp.filter(({ notice: one }) => one === undefined)).toEqual([
    { notifier: "bell", why: `${mostWaiting} notices were waiting already`, notices: 5 },
  ]);
  expect(givenUp.filter(({ why }) => why === "the gateway stopped")).toHaveLength(mostWaiting);
  expect(outbox.waiting).toBe(0);
});

test("a retired one finishes what it has, and closes then", async () => {
  let closed = 0;
  const open = Promise.withResolvers<void>();
  const { outbox, event } = outboxOf({ deliver: () => open.promise, close: () => void closed++ });
  const done = event("delivered");
  outbox.take(notice("s-1"));
  outbox.retire();
  expect(closed).toBe(0);
  open.resolve();
  await done;
  await Promise.resolve();
  expect(closed).toBe(1);
});
