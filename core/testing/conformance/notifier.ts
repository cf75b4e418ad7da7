import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Notice, NoticeData, NoticeType, Notifier, OpenNotifier } from "../../notifier.ts";
import { noticeTypes } from "../../notifier.ts";
import { soon } from "./soon.ts";

/** Whom a notifier tells, as others run it. */
export interface NoticeReceiver {
  /** Everything that arrived, as text. */
  readonly received: string;
  /** How it takes what comes from now on. */
  behave(how: "takes" | "fails" | "hangs"): void;
  /** Gone from the network, and back where it was. */
  down(): Promise<void>;
  up(): Promise<void>;
  stop(): void | Promise<void>;
}

export interface NotifierSubject {
  start(): Promise<{ readonly notifier: Notifier; readonly receiver: NoticeReceiver }>;
  /** What must be in no message and no error. */
  readonly secrets?: readonly string[];
}

const identity = { issuer: "test", subject: "alice", kind: "person", groups: ["dba"] } as const;
const asked = { session: "ses_1", identity, resource: "orders", text: "drop table x", actions: [] };
const reason = { code: "policy.denied", message: "It is not allowed." };
const opened = {
  grant: "grant_1",
  request: "req_1",
  identity,
  resource: "orders",
  rules: ["fix"],
  until: 1_800_000_000_000,
  by: [],
};
const data = {
  "hold.opened": {
    ...asked,
    hold: "hold_1",
    by: "group leads",
    approvers: 1,
    expires: 1_800_000_000_000,
    inTransaction: false,
  },
  "hold.ended": { hold: "hold_1", session: "ses_1", how: "expired" },
  "operation.denied": { ...asked, reason },
  "session.denied": { identity, resource: "orders", protocol: "postgres", remote: "127.0.0.1:1", reason },
  "grant.requested": {
    ...{ request: "req_1", identity, resource: "orders", rules: ["fix"], for: 3_600_000, because: "CHG-1" },
    ...{ by: "group leads", approvers: 1, expires: 1_800_000_000_000 },
  },
  "grant.answered": { request: "req_1", how: "denied", by: identity },
  "grant.opened": opened,
  "grant.break-glass": opened,
  "grant.ended": { grant: "grant_1", how: "revoked" },
  "login.refused": { protocol: "postgres", remote: "127.0.0.1:1", id: "ref_1", check: "expired" },
} as const satisfies { [T in NoticeType]: NoticeData[T] };
const notices = noticeTypes.map((type, at) => ({
  ...{ id: `01k9-worker-0-${at}`, type, time: 1_790_000_000_000, data: data[type] },
})) as Notice[];

/**
 * What the contract asks of a notifier, as tests of the file that calls it.
 *
 * @example
 * notifierConformance({ start: async () => ({ notifier: pager({ url: fake.url }), receiver: fake }) });
 */
export function notifierConformance({ start, secrets = [] }: NotifierSubject): void {
  describe("the contract of a notifier", () => {
    let notifier: Notifier;
    let receiver: NoticeReceiver;
    let open: OpenNotifier;
    beforeEach(async () => {
      ({ notifier, receiver } = await start());
      open = await notifier.open();
    });
    afterEach(async () => {
      open.close?.();
      await receiver.stop();
    });
    const never = new AbortController().signal;
    const [first] = notices as [Notice];

    async function failure(signal = never): Promise<string> {
      const failed = await soon(
        open.deliver(first, signal).then(
          () => undefined,
          (error: unknown) => error,
        ),
        "an attempt ends",
      );
      expect(failed).toBeInstanceOf(Error);
      return `${failed} ${JSON.stringify(failed)}`;
    }

    test("the factory only describes: whom, what, how often, how long", () => {
      expect(notifier.name).toMatch(/^[a-z]/);
      expect(notifier.events.length).toBeGreaterThan(0);
      expect(noticeTypes).toEqual(expect.arrayContaining([...notifier.events]));
      for (const wait of notifier.retry) expect(wait).toBeGreaterThanOrEqual(0);
      expect(notifier.timeout).toBeGreaterThan(0);
      for (const secret of secrets) expect(JSON.stringify(notifier)).not.toContain(secret);
      expect(receiver.received).toBe("");
    });

    test("a policy loads while whoever is told is down", async () => {
      await receiver.down();
      (await notifier.open()).close?.();
      await receiver.up();
    });

    for (const notice of notices) {
      test(`${notice.type} arrives`, async () => {
        await open.deliver(notice, never);
        expect(receiver.received).toContain(aboutWhat(notice));
        for (const secret of secrets) expect(receiver.received).not.toContain(secret);
      });
    }

    test("a failure is a rejection, without a secret, and the next attempt can do better", async () => {
      receiver.behave("fails");
      let told = await failure();
      await receiver.down();
      told += await failure();
      await receiver.up();
      receiver.behave("takes");
      await soon(open.deliver(first, never), "it is delivered");
      for (const secret of secrets) expect(told + receiver.received).not.toContain(secret);
    });

    test("an attempt that takes too long ends when its signal says so", async () => {
      receiver.behave("hangs");
      const late = new AbortController();
      const failed = failure(late.signal);
      late.abort();
      await failed;
    });

    test("several are delivered beside one another", async () => {
      await soon(Promise.all(notices.map((notice) => open.deliver(notice, never))), "all are delivered");
    });
  });
}

function aboutWhat({ data }: Notice): string {
  if ("session" in data) return data.session;
  if ("grant" in data) return data.grant;
  return "request" in data ? data.request : data.remote;
}
