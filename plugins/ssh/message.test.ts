import { expect, test } from "bun:test";
import { worded } from "./message.ts";

test("a reason in one line has a full stop before what to do next", () => {
  const denied = { code: "policy.denied", message: "connect on tcp a:1 is not allowed", hint: "Ask." };
  expect(worded(denied)).toBe("policy.denied: connect on tcp a:1 is not allowed. Ask.");
  expect(worded(denied, "ses_1")).toBe("policy.denied: connect on tcp a:1 is not allowed [ses_1] Ask.");
  expect(worded({ ...denied, message: "No." })).toBe("policy.denied: No. Ask.");
  expect(worded({ code: "a.b", message: "one\r\ntwo" })).toBe("a.b: one two");
});
