import { afterEach, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import type { Notice, Secret } from "../../core/plugin.ts";
import { webhook } from "./index.ts";
import { Receiver } from "./testing/receiver.ts";

const secret = `whsec_${randomBytes(32).toString("base64")}`;
const holds = (value: string): Secret => ({ label: "env HOOK_SECRET", read: async () => value });
const notice: Notice = {
  id: "01k9-worker-0-7",
  type: "hold.opened",
  time: 1_760_000_000_000,
  data: {
    hold: "hold_1",
    session: "ses_1",
    identity: { issuer: "test", subject: "alice", kind: "person", groups: ["dba"] },
    resource: "orders",
    text: "update ⟨…⟩",
    actions: [{ effect: "write", on: "public.orders" }],
    by: "group leads",
    approvers: 1,
    expires: 1_760_000_900_000,
    inTransaction: false,
  },
};

let receiver: Receiver;
beforeEach(async () => {
  receiver = new Receiver(secret);
  await receiver.up();
});
afterEach(() => receiver.down());

const open = (value = secret) => webhook({ url: receiver.url, secret: holds(value) }).open();
const deliver = async (signal = new AbortController().signal) => (await open()).deliver(notice, signal);

test("what is posted verifies with a receiver's own library", async () => {
  await deliver();
  expect(receiver.posted).toEqual([
    {
      id: "01k9-worker-0-7",
      type: "hold.opened",
      timestamp: "2025-10-09T08:53:20.000Z",
      data: { ...notice.data, expires: "2025-10-09T09:08:20.000Z" },
    },
  ]);
  expect(receiver.raw).not.toContain(secret.slice(6));
});

test("another secret does not verify", async () => {
  const other = await open(`whsec_${randomBytes(32).toString("base64")}`);
  const signal = new AbortController().signal;
  await expect(other.deliver(notice, signal)).rejects.toThrow("The receiver answered 401.");
  expect(receiver.posted).toEqual([]);
});

test("an answer that is not 2xx is a failure, and no redirect is followed", async () => {
  receiver.manner = "fails";
  await expect(deliver()).rejects.toThrow("The receiver answered 503.");
  receiver.manner = "redirects";
  await expect(deliver()).rejects.toThrow("The receiver answered 302.");
  expect(receiver.posted).toHaveLength(2);
});

test("one that is down is a failure whose message does not hold the address", async () => {
  await receiver.down();
  const failed = await deliver().catch((error: Error) => error);
  await receiver.up();
  expect(failed).toMatchObject({ code: "webhook.unreachable" });
  expect(`${failed?.message}`).not.toContain("path-secret");
});

test("one that hangs is left when the signal says so", async () => {
  receiver.manner = "hangs";
  const leave = new AbortController();
  const delivering = deliver(leave.signal);
  await receiver.next(() => true);
  leave.abort();
  await expect(delivering).rejects.toMatchObject({ code: "webhook.unreachable" });
});

test.each([
  ["no scheme of its own", "hooks.example.com"],
  ["clear text to another machine", "http://hooks.example.com/x"],
  ["a password in it", "https://me:hunter2@hooks.example.com/x"],
  ["a password alone in it", "https://:hunter2@hooks.example.com/x"],
  ["another scheme", "ftp://127.0.0.1/x"],
])("an address with %s is refused without being quoted", (_, url) => {
  const make = () => webhook({ url, secret: holds(secret) });
  expect(make).toThrow("cannot post to its `url`");
  expect(make).not.toThrow("hunter2");
});

test.each([
  ["without its prefix", randomBytes(32).toString("base64")],
  ["too short", `whsec_${randomBytes(8).toString("base64")}`],
  ["no base64", "whsec_not at all!"],
  ["empty", ""],
])("a secret %s refuses the policy, without being quoted", async (_, value) => {
  const failed = await open(value).catch((error: Error) => error);
  expect(failed).toMatchObject({ code: "webhook.secret" });
  if (value !== "") expect(JSON.stringify(failed)).not.toContain(value.slice(0, 12));
});

test("it names the host alone, and tells of logins only when asked", () => {
  const one = webhook({ url: "https://hooks.example.com/T0/secret-path?key=1", secret: holds(secret) });
  expect(one.name).toBe("webhook hooks.example.com");
  expect(one.events).not.toContain("login.refused");
  expect(one).toMatchObject({ timeout: 10_000, retry: [1_000, 5_000, 30_000, 120_000, 600_000] });
});
