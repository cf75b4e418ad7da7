import { expect, test } from "bun:test";
import { refuse, sqlState } from "./refuse.ts";
import { TestWire } from "./testing/wire.ts";
import { errorFields } from "./wire/report.ts";

test("a refusal is a FATAL with the reason, the rule, its code and the session", () => {
  const caller = new TestWire();
  const reason = { code: "policy.denied", message: "No.", rule: "support", hint: "Ask." };
  refuse(caller, reason, "ses_1");
  expect(caller.sent.length).toBe(caller.sent.readInt32BE(1) + 1);
  expect(errorFields(caller.sent, 5, caller.sent.length)).toEqual({
    severity: "FATAL",
    severityRaw: "FATAL",
    code: "42501",
    message: "No.",
    detail: "Rule: support. Code: policy.denied. Session: ses_1.",
    hint: "Ask.",
  });
});

test("a client that speaks TLS gets an alert, not text that it cannot read", () => {
  const caller = new TestWire();
  refuse(caller, { code: "postgres.tls", message: "No TLS." });
  expect(caller.sent.toString("hex")).toBe("15030100020228");
});

test("SQLSTATE goes by the whole code, then by its first word", () => {
  const expected = {
    "identity.refused": "28P01",
    "identity.expired": "28000",
    "resource.unknown": "3D000",
    "resource.unreachable": "08001",
    "limit.sessions": "53300",
    "session.ended": "57P01",
    "gateway.stopping": "57P01",
    "gateway.failed": "XX000",
    "trail.full": "53100",
    "trail.late": "58030",
    "postgres.protocol": "08P01",
    "policy.denied": "42501",
    unheard: "42501",
  };
  for (const [code, state] of Object.entries(expected)) expect(sqlState(code)).toBe(state);
});
