import { expect, test } from "bun:test";
import type { Identity } from "../identity.ts";
import type { Notice } from "../notifier.ts";
import type { Entry, Written } from "../trail/entry.ts";
import { Teller } from "./teller.ts";

const alice: Identity = { issuer: "test", subject: "alice", kind: "person", groups: [] };
const reason = { code: "policy.denied", message: "No." };
const denied: Entry = {
  ...{ kind: "denied", session: "ses_1", text: "drop", actions: [], reason, policy: "p" },
};
const holdEnded: Entry = { kind: "hold-ended", hold: "hold_1", session: "ses_1", how: "expired" };
const gone: Entry = { kind: "abandoned", session: "ses_1", stream: "w", what: "hold", hold: "hold_1" };

function stream(first: number, ...entries: Entry[]): Written[] {
  return entries.map((entry, at) => ({ ...entry, seq: first + at, time: 1_000 + first + at }));
}

function teller(since = 0) {
  const told: Notice[] = [];
  const owner = { identity: alice, resource: "orders" };
  const one = new Teller(since, (notices) => told.push(...notices));
  return { want: one.want.bind(one), told, read: (...batch: Written[]) => one.read("w", batch, () => owner) };
}

test("tells what is wanted, with whose session it was and the entry it tells of", () => {
  const { want, told, read } = teller();
  want(["operation.denied", "hold.ended"]);
  read(...stream(1, { kind: "stop", reason: "x" }, denied, gone));
  expect(told).toEqual([
    {
      id: "w-2",
      type: "operation.denied",
      time: 1_002,
      data: { session: "ses_1", identity: alice, resource: "orders", text: "drop", actions: [], reason },
    },
    {
      id: "w-3",
      type: "hold.ended",
      time: 1_003,
      data: {
        ...{ hold: "hold_1", session: "ses_1", identity: alice },
        ...{ resource: "orders", how: "abandoned" },
      },
    },
  ]);
});

test("nothing that nobody wants", () => {
  const { want, told, read } = teller();
  want(["login.refused"]);
  read(...stream(1, denied, holdEnded));
  expect(told).toEqual([]);
});

test("a hold is told of with what its approver is shown", () => {
  const { want, told, read } = teller();
  want(["hold.opened"]);
  const findings = [{ label: "lock", value: "ROW EXCLUSIVE on public.t" }] as const;
  const shown = { text: "update t", actions: [], by: "group leads", expires: 5, inTransaction: false };
  const whose = { hold: "hold_1", session: "ses_1", identity: alice, resource: "orders" };
  read(...stream(1, { kind: "hold", ...whose, ...shown, findings, policy: "p", digest: "d" }));
  expect(told).toEqual([
    { id: "w-1", time: 1_001, type: "hold.opened", data: { ...whose, ...shown, approvers: 1, findings } },
  ]);
});

test("an entry that is read again, as when the index is rebuilt, is told once", () => {
  const { want, told, read } = teller();
  want(["operation.denied"]);
  read(...stream(1, denied));
  read(...stream(1, denied, denied));
  expect(told.map(({ id }) => id)).toEqual(["w-1", "w-2"]);
});

test("history is not told", () => {
  const { want, told, read } = teller(1_002);
  want(["operation.denied"]);
  read(...stream(1, denied, denied));
  expect(told.map(({ id }) => id)).toEqual(["w-2"]);
});

test("what happens while the policy still loads is told once it has", () => {
  const { want, told, read } = teller();
  read(...stream(1, denied, holdEnded));
  expect(told).toEqual([]);
  want(["hold.ended"]);
  expect(told.map(({ id }) => id)).toEqual(["w-2"]);
});
