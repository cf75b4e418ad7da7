import { afterAll, beforeAll, expect, test } from "bun:test";
import { NotAccepted, type OpenIdentityProvider } from "../../core/plugin.ts";
import { audience, type OidcServer, startOidc } from "../../test/servers/oidc.ts";
import { oidc } from "./index.ts";

let provider: OidcServer;
let gate: OpenIdentityProvider;
beforeAll(async () => {
  provider = await startOidc();
  gate = await oidc({ issuer: provider.issuer, audience }).open({ dataDir: "unused", loopbackOnly: true });
});
afterAll(() => provider.stop());

const identify = async (more: Record<string, unknown>) => {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const claims = { iss: provider.issuer, aud: audience, sub: "alice", exp, jti: "t1", sid: "s1", ...more };
  return gate.identify(await provider.key.sign(claims));
};
const chain = (hops: number): Record<string, unknown> =>
  hops === 0 ? {} : { act: { sub: `agent-${hops}`, ...chain(hops - 1) } };

test("every hop is a party: who acts now first, on whose behalf last", async () => {
  const act = { sub: "a", groups: ["planners"], act: { sub: "b", iss: "https://else" } };
  expect(await identify({ groups: ["leads"], act })).toEqual({
    issuer: provider.issuer,
    subject: "a",
    kind: "machine",
    groups: ["planners"],
    expires: expect.any(Number),
    credentialId: "t1",
    actingFor: {
      issuer: "https://else",
      subject: "b",
      kind: "machine",
      groups: [],
      actingFor: {
        issuer: provider.issuer,
        subject: "alice",
        kind: "person",
        groups: ["leads"],
        loginSession: "s1",
      },
    },
  });
});

test("an actor is a machine unless it says otherwise", async () => {
  expect(await identify({ act: { sub: "carol", kind: "person" } })).toMatchObject({ kind: "person" });
  expect(await identify({ act: { sub: "carol", kind: "root" } })).toMatchObject({ kind: "machine" });
});

test("eight hops, and not nine", async () => {
  expect(await identify(chain(8))).toMatchObject({ subject: "agent-8" });
  await expect(identify(chain(9))).rejects.toThrow(/more than 8 actors/);
});

test("an act that names nobody is refused, at any depth", async () => {
  for (const act of ["agent-7", null, [], {}, { sub: "" }, { sub: "a", act: {} }, { sub: "a", act: "b" }]) {
    await expect(identify({ act })).rejects.toThrow(NotAccepted);
  }
});
