import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { type Ending, refuses } from "../../../core/ending.ts";
import { publicBlob } from "./openssh-key.ts";
import { fingerprint } from "./public-key.ts";
import { sshKeys } from "./ssh-keys.ts";

test("identities are of the keys that the policy lists, and of no other issuer", async () => {
  const [own, other] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")].map(
    ({ privateKey }) => publicBlob(privateKey),
  ) as [Buffer, Buffer];
  const line = `ssh-ed25519 ${own.toString("base64")} laptop`;
  const provider = await sshKeys({ alice: { keys: [line], groups: ["staff"] } }).open({
    dataDir: "unused",
    loopbackOnly: true,
  });
  const offer = { user: "bastion", remote: "127.0.0.1:1" };
  const alice = await provider.keyed?.({ ...offer, key: own });
  expect(alice).toMatchObject({ subject: "alice", kind: "person", groups: ["staff"] });
  expect(await provider.keyed?.({ ...offer, key: other })).toBeUndefined();
  if (!alice) throw new Error("alice is not known by her key");
  expect(provider.vouchesFor?.({ ...alice })).toBe(true);
  const others = [
    { issuer: "https://login.example.com" },
    { credentialId: fingerprint(other) },
    { subject: "bob" },
    { groups: ["staff", "admins"] },
    { kind: "machine" as const },
    { person: "alice@example.com" },
    { issuedAt: 1 },
  ];
  for (const changed of others) expect(provider.vouchesFor?.({ ...alice, ...changed })).toBe(false);
});

test("keys that are somebody's since a date are newer than what was revoked before it", async () => {
  const key = publicBlob(generateKeyPairSync("ed25519").privateKey);
  const keys = [`ssh-ed25519 ${key.toString("base64")}`];
  const identity = async (since?: string) => {
    const holder = { keys, ...(since === undefined ? {} : { since }) };
    const provider = await sshKeys({ alice: holder }).open({ dataDir: "unused", loopbackOnly: true });
    const found = await provider.keyed?.({ user: "bastion", remote: "127.0.0.1:1", key });
    if (!found) throw new Error("alice is not known by her key");
    return found;
  };
  const ending: Ending = {
    ...{ id: "end_1", at: Date.parse("2026-03-01T10:00:00Z"), blocks: false, by: "operator" },
    ...{ of: { kind: "identity", subject: "alice" }, reason: { code: "access.revoked", message: "Left." } },
  };
  expect(refuses(ending, await identity())).toBe(true);
  expect(refuses(ending, await identity("2026-02-28"))).toBe(true);
  expect(refuses(ending, await identity("2026-03-01T10:00:01Z"))).toBe(false);
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  for (const since of [tomorrow, "yesterday", "2026-01-01T10:00", ""]) {
    expect(() => sshKeys({ alice: { keys, since } })).toThrow(
      expect.objectContaining({ code: "policy.option" }),
    );
  }
});

test("what is no key says what is wrong with it", () => {
  for (const [line, why] of [
    ["", "it is empty"],
    ["../alice.pub", "it has one"],
    ["ssh-ed25519 AAAA", "too early"],
  ] as const) {
    const message = expect.stringContaining(why);
    expect(() => sshKeys({ alice: { keys: [line] } })).toThrow(expect.objectContaining({ message }));
  }
});
