import { afterAll, beforeAll } from "bun:test";
import { identityProviderConformance } from "../../core/testing/index.ts";
import { oidc } from "./index.ts";
import {
  audience,
  type ProviderKey,
  providerKey,
  startProvider,
  type TestProvider,
} from "./testing/provider.ts";

let provider: TestProvider;
let key: ProviderKey;
beforeAll(async () => {
  key = await providerKey("first");
  provider = await startProvider(key);
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
