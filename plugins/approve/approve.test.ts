import { expect, test } from "bun:test";
import type { GuardedSession, Operation } from "../../core/plugin.ts";
import { group } from "../../core/who.ts";
import { approve } from "./index.ts";

const session: GuardedSession = {
  id: "ses_1",
  identity: { issuer: "i", subject: "alice", kind: "person", groups: [] },
  resource: "orders",
  protocol: "rows",
  recording: () => {
    throw new Error("not asked for");
  },
  counter: () => ({ value: 0, since: 0 }),
  end: () => {},
};
const drop: Operation = {
  text: "drop table t",
  actions: [{ effect: "define", on: "public.t" }],
  inTransaction: false,
  policyVersion: "1",
};
const leads = group("leads");

test("says from the text that it will hold, and asks with what the policy said", () => {
  const watch = approve({ by: leads, within: "15m", inTransaction: "10s", message: "CHG-7" }).open(session);
  expect(watch.prepare?.(drop)).toBe("willHold");
  expect(watch.operation?.(drop)).toEqual({
    hold: { by: leads, within: 900_000, inTransaction: 10_000, message: "CHG-7" },
  });
  expect(watch.answer).toBeUndefined();
});

test("in a transaction a minute is the default, and none where the policy denies it", () => {
  const hold = (inTransaction?: "deny") =>
    approve({ by: leads, within: "15m", ...(inTransaction ? { inTransaction } : {}) })
      .open(session)
      .operation?.(drop);
  expect(hold()).toMatchObject({ hold: { inTransaction: 60_000 } });
  expect(hold("deny")).toMatchObject({ hold: { inTransaction: "deny" } });
});

test("for() narrows the effects and leaves the original as it was", () => {
  const signOff = approve({ by: leads, within: "15m" });
  const narrow = signOff.for("define", "write");
  expect(narrow.effects).toEqual(["define", "write"]);
  expect(narrow.for("grant").effects).toEqual(["grant"]);
  expect(signOff.effects).toBeUndefined();
  expect(narrow.open(session).operation?.(drop)).toMatchObject({ hold: { by: leads, within: 900_000 } });
});

test("two approvers are asked for, one is the default, and no other number loads", () => {
  const hold = (approvers: 1 | 2) =>
    approve({ by: leads, within: "15m", approvers }).for("define").open(session).operation?.(drop);
  expect(hold(2)).toMatchObject({ hold: { by: leads, approvers: 2 } });
  expect(hold(1)).not.toHaveProperty("hold.approvers");
  for (const wrong of [0, 3, 1.5, "2", null]) {
    expect(() => hold(wrong as 2)).toThrow(/approvers cannot be asked for/);
  }
});

test("no time at all is refused when the policy loads", () => {
  expect(() => approve({ by: leads, within: "0s" })).toThrow(/Nobody can approve/);
  expect(() => approve({ by: leads, within: "1m", inTransaction: "0s" })).toThrow(/Nobody can approve/);
});
