import { expect, test } from "bun:test";
import type { OidcOptions } from "./options.ts";
import { termsOf } from "./terms.ts";
import { tokenDiscovery } from "./token-discovery.ts";

const issuer = "https://login.example.com/realms/staff";
const told = (more: Partial<OidcOptions> = {}) => {
  const options = { issuer, audience: "postern", ...more };
  return tokenDiscovery(options, termsOf(options)).discovery;
};

test("clients that sign people in are told of the discovery document, and what to ask for", () => {
  expect(told()).toEqual({
    configuration: `${issuer}/.well-known/openid-configuration`,
    scope: "openid profile email",
  });
  const scopes = ["openid", "offline_access", "api://postern/use"];
  expect(told({ login: { clientId: "cli", scopes } })?.scope).toBe("openid api://postern/use");
});

test("the issuer stays as it is spelled, since libpq compares it to the letter", () => {
  expect(told({ issuer: "https://tenant.example.com/" })?.configuration).toBe(
    "https://tenant.example.com//.well-known/openid-configuration",
  );
});

test("they are not told of workloads, of keys without a provider, nor where an ID token counts", () => {
  expect(told({ kind: "machine" })).toBeUndefined();
  expect(told({ jwks: "keys.json" })).toBeUndefined();
  expect(told({ accepts: "id" })).toBeUndefined();
  expect(told({ accepts: "both" })).toBeDefined();
});
