import { beforeAll, describe, expect, test } from "bun:test";
import { attacks } from "./testing/attacks.ts";
import { TestIdp } from "./testing/idp.ts";
import { openRig, type Rig, url } from "./testing/rig.ts";
import { SignIn } from "./testing/sign-in.ts";

let rig: Rig;
let stranger: TestIdp;
beforeAll(async () => {
  [rig, stranger] = await Promise.all([openRig(), TestIdp.create()]);
});

/** Says which check failed, and that the browser got nothing of it, not even another answer. */
async function refusal(answered: Response): Promise<string> {
  expect([answered.status, await answered.text()]).toEqual([403, "Error: not accepted"]);
  return rig.refused.at(-1) ?? "";
}

describe("responses that are refused", () => {
  for (const [name, { forge, check }] of Object.entries(attacks)) {
    test(name, async () => {
      const login = await SignIn.begin(rig.send, url);
      const before = rig.refused.length;
      expect(await refusal(await login.post(forge(rig.idp, login.claims, stranger)))).toMatch(check);
      expect(rig.refused.length).toBe(before + 1);
      // It was the response: the same login goes on with an honest one.
      SignIn.codeOf(await login.post(rig.idp.answer(login.claims)));
    });
  }
});
