import { afterAll, beforeAll } from "bun:test";
import { identityProviderConformance } from "../../core/testing/index.ts";
import {
  audience,
  type OidcServer,
  type ProviderKey,
  providerKey,
  startOidc,
} from "../../test/servers/oidc.ts";
import { oidc } from "./index.ts";

let provider: OidcServer;
let key: ProviderKey;
beforeAll(async () => {
  key = await providerKey("first");
  provider = await startOidc({ key: key });
});
afterAll(() => provider.stop());

const claims = (more: Record<string, unknown> = {}) => {
  const now = Math.floor(Date.now() / 1000);
  return { iss: provider.issuer, aud: audience, sub: "alice", iat: now, exp: now + 600, ...more };
};

identityProviderConformance({
  make: () => oidc({ issuer: provider.issuer, audience }),
  good: () => key.sign(claims()),
  bad: {
    expired: () => key.sign(claims({ exp: 1 })),
    "for somebody else": () => key.sign(claims({ aud: "urn:other" })),
    "of nobody": () => key.sign(claims({ sub: "" })),
    "signed by another key": async () => (await providerKey("first")).sign(claims()),
  },
});
