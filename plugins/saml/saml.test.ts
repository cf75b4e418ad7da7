import { beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SamlOptions, saml } from "./index.ts";
import { algorithm, selfSigned, TestIdp } from "./testing/idp.ts";
import { entityId, openRig, type Rig, url } from "./testing/rig.ts";
import { SignIn } from "./testing/sign-in.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-saml-"));
function file(text: string): string {
  const path = join(folder, crypto.randomUUID());
  writeFileSync(path, text);
  return path;
}

let idp: TestIdp;
beforeAll(async () => {
  idp = await TestIdp.create();
});

function outright(pem: string): SamlOptions["idp"] {
  return { entityId: idp.entityId, entryPoint: idp.entryPoint, certificates: [file(pem)] };
}

/** What becomes of an honest answer by `signer`. */
async function status(rig: Rig, signer: TestIdp): Promise<number> {
  const login = await SignIn.begin(rig.send, url);
  return (await login.post(signer.answer(login.claims))).status;
}

test("who signs in at the identity provider comes back as an identity", async () => {
  const rig = await openRig();
  const login = await SignIn.begin(rig.send, url);
  const answered = await login.token(SignIn.codeOf(await login.post(rig.idp.answer(login.claims))));
  const { access_token, token_type, expires_in } = (await answered.json()) as Record<string, unknown>;
  expect([token_type, expires_in]).toEqual(["Bearer", 28_800]);
  expect(await rig.open.identify(String(access_token))).toEqual({
    issuer: entityId,
    subject: "alice",
    kind: "person",
    groups: ["staff"],
    loginSession: "session-1 of alice",
    credentialId: expect.any(String),
    issuedAt: expect.any(Number),
    expires: expect.any(Number),
  });
  expect(rig.open.login).toEqual({ kind: "gateway", name: "corp", path: "corp" });
});

describe("the identity provider", () => {
  test("may change its key: each certificate of its metadata counts, and no other", async () => {
    const [next, stranger] = await Promise.all([TestIdp.create(), TestIdp.create()]);
    const metadata = file(idp.metadata([idp.certificate, next.certificate]));
    const rig = await openRig({ idp: { metadata } });
    expect([await status(rig, idp), await status(rig, next), await status(rig, stranger)]).toEqual([
      303, 303, 403,
    ]);
  });

  test("may be given outright", async () => {
    const rig = await openRig({ idp: outright(idp.certificate) });
    expect(await status(rig, idp)).toBe(303);
  });

  const unusable: Record<string, () => SamlOptions["idp"] | Promise<SamlOptions["idp"]>> = {
    "metadata that is not there": () => ({ metadata: join(folder, "none") }),
    "metadata that is none": () => ({ metadata: file("<a/>") }),
    "metadata with a document type": () => ({ metadata: file(`<!DOCTYPE a>${idp.metadata()}`) }),
    "metadata that has expired": () => ({
      metadata: file(idp.metadata().replace("entityID", 'validUntil="2020-01-01T00:00:00Z" entityID')),
    }),
    "metadata without a certificate": () => ({ metadata: file(idp.metadata([])) }),
    "an entry point without TLS": () => ({
      metadata: file(idp.metadata().replace("https://idp.example.com/sso", "http://idp.example.com/sso")),
    }),
    "a certificate that is none": () => outright("PEM"),
    "a certificate of another key than RSA": async () =>
      outright((await selfSigned({ name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" })).pem),
    "a certificate of RSA with 1024 bits": async () =>
      outright((await selfSigned({ ...algorithm, modulusLength: 1024 })).pem),
  };
  for (const [what, make] of Object.entries(unusable)) {
    test(`${what} is refused when the policy loads`, async () => {
      await expect(openRig({ idp: await make() })).rejects.toMatchObject({ code: "saml.identity-provider" });
    });
  }
});

describe("options that cannot be", () => {
  const idp = { metadata: "idp.xml" };
  const wrong: Record<string, SamlOptions> = {
    "a path out of the folder": { path: "../local", entityId, idp },
    "no path": { path: "", entityId, idp },
    "no entity id": { path: "corp", entityId: "", idp },
    "a life of nothing": { path: "corp", entityId, idp, ttl: "0s" },
  };
  for (const [what, options] of Object.entries(wrong)) {
    test(`${what} is refused`, () => {
      expect(() => saml(options)).toThrow(expect.objectContaining({ code: "saml.options" }));
    });
  }
});
