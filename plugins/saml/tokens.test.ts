import { describe, expect, test } from "bun:test";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { NotAccepted } from "../../core/plugin.ts";
import { identityProviderConformance } from "../../core/testing/index.ts";
import { saml } from "./index.ts";
import { TestIdp } from "./testing/idp.ts";
import { entityId, openRig, url } from "./testing/rig.ts";
import { SignIn } from "./testing/sign-in.ts";

const pem = (dataDir: string) => readFileSync(join(dataDir, "identity", "saml-corp.pem"), "utf8");

function signed(key: string, edit: (token: SignJWT) => SignJWT, typ = "postern-saml+jwt"): Promise<string> {
  const token = new SignJWT({ groups: ["admins"] })
    .setProtectedHeader({ alg: "EdDSA", typ })
    .setIssuer(entityId)
    .setAudience(entityId)
    .setSubject("alice")
    .setJti("j")
    .setIssuedAt()
    .setNotBefore("0s")
    .setExpirationTime("1h");
  return edit(token).sign(createPrivateKey(key));
}

const refused: Record<string, [(token: SignJWT) => SignJWT, string?]> = {
  "for another audience": [(token) => token.setAudience("else")],
  expired: [(token) => token.setExpirationTime("1s ago")],
  "not valid yet": [(token) => token.setNotBefore("10m")],
  "older than ttl": [(token) => token.setIssuedAt("9h ago")],
  "of another type": [(token) => token, "JWT"],
};
for (const [what, [edit, typ]] of Object.entries(refused)) {
  test(`a token ${what} is refused`, async () => {
    const { dataDir, open } = await openRig();
    expect(await open.identify(await signed(pem(dataDir), (token) => token))).toMatchObject({
      subject: "alice",
    });
    await expect(open.identify(await signed(pem(dataDir), edit, typ))).rejects.toThrow(NotAccepted);
  });
}

test("a token of another gateway's key is refused", async () => {
  const [ours, theirs] = await Promise.all([openRig(), openRig()]);
  const token = await signed(pem(theirs.dataDir), (token) => token);
  await expect(ours.open.identify(token)).rejects.toThrow(NotAccepted);
});

test("the key is its owner's alone", async () => {
  const { dataDir } = await openRig();
  expect(statSync(join(dataDir, "identity", "saml-corp.pem")).mode & 0o777).toBe(0o600);
});

describe("as an identity provider", async () => {
  const idp = await TestIdp.create();
  const metadata = join(mkdtempSync(join(tmpdir(), "postern-saml-")), "idp.xml");
  writeFileSync(metadata, idp.metadata());
  identityProviderConformance({
    make: () => saml({ path: "corp", entityId, idp: { metadata } }),
    async good({ web }) {
      const tools = { url, first: async () => true, refused: (check: string) => new Error(check) };
      const send = async (request: Request) =>
        (await web?.handle(request, tools as never)) ?? new Response(null, { status: 404 });
      const login = await SignIn.begin(send, url);
      const answered = await login.token(SignIn.codeOf(await login.post(idp.answer(login.claims))));
      return ((await answered.json()) as { access_token: string }).access_token;
    },
  });
});
