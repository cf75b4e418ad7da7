import { beforeAll, expect, test } from "bun:test";
import { entityId, openRig, type Rig, url } from "./testing/rig.ts";
import { SignIn } from "./testing/sign-in.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await openRig();
});

test("who signs in at the identity provider comes back as an identity", async () => {
  const login = await SignIn.begin(rig.send, url);
  const answered = await login.post(rig.idp.answer(login.claims));
  expect(rig.refused).toEqual([]);
  const token = await login.token(SignIn.codeOf(answered));
  const { access_token, token_type, expires_in } = (await token.json()) as Record<string, unknown>;
  expect([token_type, expires_in]).toEqual(["Bearer", 28_800]);
  expect(await rig.open.identify(String(access_token))).toMatchObject({
    issuer: entityId,
    subject: "alice",
    kind: "person",
    groups: ["staff"],
    loginSession: "session-1",
  });
});
