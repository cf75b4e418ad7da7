import { expect, test } from "bun:test";
import type { Identity } from "../identity.ts";
import { issueCredential } from "./issue.ts";
import { scramVerifier } from "./scram.ts";

const alice: Identity = { issuer: "i", subject: "alice", kind: "person", groups: ["support"] };
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error: { code: string }) => error.code,
  );

test("issues a user and a password whose verifier fits, and keeps no password in the verifier", async () => {
  const { id, password, verifier } = await issueCredential(alice, { ttl: 60_000 });
  expect(id).toMatch(/^pc_[0-9a-z]{19}$/);
  expect(Buffer.from(password, "base64url").length * 8).toBeGreaterThanOrEqual(128);
  expect(await scramVerifier(password, verifier.salt, verifier.iterations)).toEqual(verifier);
});

test("two credentials share nothing", async () => {
  const [one, two] = await Promise.all([
    issueCredential(alice, { ttl: 60_000 }),
    issueCredential(alice, { ttl: 60_000 }),
  ]);
  expect(one.id).not.toBe(two.id);
  expect(one.password).not.toBe(two.password);
});

test("names itself in the identity, and its resource", async () => {
  const issued = await issueCredential(alice, { ttl: 60_000, resource: "orders" });
  expect(issued.identity).toEqual({
    ...alice,
    credentialId: issued.id,
    resource: "orders",
    expires: issued.expires,
  });
});

test("ends with the token that asked for it", async () => {
  const expires = Date.now() + 5_000;
  expect((await issueCredential({ ...alice, expires }, { ttl: 60_000 })).expires).toBe(expires);
  expect(await code(issueCredential({ ...alice, expires: Date.now() - 1 }, { ttl: 60_000 }))).toBe(
    "credential.expired",
  );
});

test("reaches no further than the identity it was issued to", async () => {
  const bound = { ...alice, resource: "orders" };
  expect((await issueCredential(bound, { ttl: 60_000 })).identity.resource).toBe("orders");
  expect(await code(issueCredential(bound, { ttl: 60_000, resource: "payroll" }))).toBe(
    "credential.resource",
  );
});

test("refuses a life that is none or too long", async () => {
  for (const ttl of [0, -1, Number.NaN, 86_400_001]) {
    expect(await code(issueCredential(alice, { ttl }))).toBe("credential.ttl");
  }
});
