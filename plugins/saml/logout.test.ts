import { beforeEach, describe, expect, test } from "bun:test";
import { inflateRawSync } from "node:zlib";
import { TestIdp } from "./testing/idp.ts";
import { entityId, openRig, type Rig, url } from "./testing/rig.ts";
import { postForm } from "./testing/sign-in.ts";

const destination = `${url}/slo`;
let rig: Rig;
beforeEach(async () => {
  rig = await openRig();
});

function post(xml: string, on = rig): Promise<Response> {
  const SAMLRequest = Buffer.from(xml).toString("base64");
  return postForm(on.send, destination, { SAMLRequest, RelayState: "relay-1" });
}

function signed(more = {}, on = rig): string {
  return on.idp.sign(on.idp.logoutRequest({ destination, ...more }), "LogoutRequest");
}

describe("a logout at the identity provider", () => {
  test("ends what that login opened, and says so there", async () => {
    const xml = signed({ sessions: ["session-1", "session-2"] });
    const answered = await post(xml);
    expect(rig.ended.map(({ of }) => of)).toEqual([
      { kind: "login", issuer: entityId, session: "session-1 of alice" },
      { kind: "login", issuer: entityId, session: "session-2 of alice" },
    ]);
    expect(rig.ended[0]).toMatchObject({ reason: { code: "access.logged-out" }, by: rig.idp.entityId });
    const back = new URL(answered.headers.get("location") ?? "");
    expect(`${back.origin}${back.pathname}`).toBe(rig.idp.logoutUrl);
    expect(back.searchParams.get("RelayState")).toBe("relay-1");
    const deflated = Buffer.from(back.searchParams.get("SAMLResponse") ?? "", "base64");
    const response = inflateRawSync(deflated).toString();
    expect(response).toContain("status:Success");
    expect(response).toContain(`InResponseTo="${/ID="([^"]+)"/.exec(xml)?.[1]}"`);
  });

  test("without a session ends all that this person opened", async () => {
    await post(signed({ sessions: [] }));
    expect(rig.ended.map(({ of }) => of)).toEqual([{ kind: "identity", issuer: entityId, subject: "alice" }]);
  });

  test("without a session is refused where its NameID is not what names people", async () => {
    const byAttribute = await openRig({ subject: "uid" });
    expect((await post(signed({ sessions: [] }, byAttribute), byAttribute)).status).toBe(403);
    expect(byAttribute.refused).toEqual([expect.stringContaining("names no session")]);
  });
});

describe("a logout request that nobody may make", () => {
  const attacks: Record<string, [() => string | Promise<string>, string]> = {
    "without a signature": [() => rig.idp.logoutRequest({ destination }), "is not signed"],
    "by another key": [
      async () => {
        const stranger = await TestIdp.create();
        return stranger.sign(stranger.logoutRequest({ destination }), "LogoutRequest", { keyInfo: true });
      },
      "nvalid signature",
    ],
    "of another issuer": [
      () => {
        const xml = rig.idp.logoutRequest({ destination });
        return rig.idp.sign(xml.replace(rig.idp.entityId, "https://other.example"), "LogoutRequest");
      },
      "Unknown SAML issuer",
    ],
    "for somebody else": [() => signed().replace(">alice<", ">admin<"), "nvalid signature"],
    "that is old": [() => signed({ made: Date.now() - 400_000 }), "not of the last minutes"],
    "from the future": [() => signed({ made: Date.now() + 400_000 }), "not of the last minutes"],
    "for another service": [
      () => signed({ destination: "https://other.example/slo" }),
      "another destination",
    ],
    "with a comment": [() => signed().replace(">alice<", ">al<!-- -->ice<"), "comment"],
    "with an entity": [() => `<!DOCTYPE a [<!ENTITY x "y">]>${signed()}`, "document type"],
    "around a signed one": [
      () => {
        const inner = signed();
        return rig.idp
          .logoutRequest({ destination, nameId: "admin" })
          .replace("</samlp:LogoutRequest>", `${inner}</samlp:LogoutRequest>`);
      },
      "not where it belongs",
    ],
    "that is a response": [() => "<Response/>", "no logout request"],
  };
  for (const [what, [forge, check]] of Object.entries(attacks)) {
    test(`${what} ends nothing`, async () => {
      expect((await post(await forge())).status).toBe(403);
      expect(rig.refused).toEqual([expect.stringContaining(check)]);
      expect(rig.ended).toEqual([]);
    });
  }

  test("for the second time ends nothing more", async () => {
    const xml = signed();
    await post(xml);
    expect((await post(xml)).status).toBe(403);
    expect(rig.refused).toEqual(["saml: the logout request was used before"]);
    expect(rig.ended).toHaveLength(1);
  });
});
