import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
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
  ];
  for (const changed of others) expect(provider.vouchesFor?.({ ...alice, ...changed })).toBe(false);
});
