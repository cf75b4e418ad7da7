import { expect, test } from "bun:test";
import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import ssh2 from "ssh2";
import { mutated, Random, seeds } from "../../../test/fuzz.ts";
import { string } from "../message.ts";
import { Malformed } from "./fields.ts";
import { opensshKey, publicBlob } from "./openssh-key.ts";
import { readPublicKey, verifies, verifiesBare } from "./public-key.ts";

const data = Buffer.from("what is signed");

function rsa(bits: number): { blob: Buffer; key: KeyObject } {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const { n = "", e = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  const mpint = (text: string) => string(Buffer.concat([Buffer.alloc(1), Buffer.from(text, "base64url")]));
  return { blob: Buffer.concat([string("ssh-rsa"), mpint(e), mpint(n)]), key: privateKey };
}

test("an Ed25519 key that we write is what ssh2 reads, and what signs", () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const parsed = ssh2.utils.parseKey(opensshKey(privateKey, "a comment"));
  if (parsed instanceof Error) throw parsed;
  expect(parsed.getPublicSSH()).toEqual(publicBlob(privateKey));
  const key = readPublicKey(publicBlob(privateKey));
  const signature = sign(null, data, privateKey);
  expect(verifies(key, data, Buffer.concat([string("ssh-ed25519"), string(signature)]))).toBe(true);
  expect(verifiesBare(key, data, signature)).toBe(true);
  expect(verifies(key, Buffer.from("else"), Buffer.concat([string("ssh-ed25519"), string(signature)]))).toBe(
    false,
  );
  expect(verifies(key, data, Buffer.concat([string("ssh-rsa"), string(signature)]))).toBe(false);
});

test("RSA signs with SHA-2 alone, and has 2048 bits at least", () => {
  const { blob, key } = rsa(2048);
  const known = readPublicKey(blob);
  for (const [name, hash, good] of [
    ["rsa-sha2-256", "sha256", true],
    ["rsa-sha2-512", "sha512", true],
    ["ssh-rsa", "sha1", false],
    ["rsa-sha2-512", "sha256", false],
  ] as const) {
    const signature = sign(hash, data, key);
    expect(verifies(known, data, Buffer.concat([string(name), string(signature)]))).toBe(good);
  }
  expect(verifiesBare(known, data, sign("sha1", data, key))).toBe(false);
  expect(verifiesBare(known, data, sign("sha1", data, key), "sha1")).toBe(false);
  expect(() => readPublicKey(rsa(1024).blob)).toThrow(/1024 bits/);
});

test("an RSA key too long to verify quickly is not taken", () => {
  const number = Buffer.alloc(8193 / 8 + 1, 0xff);
  const blob = Buffer.concat([
    ...[string("ssh-rsa"), string(Buffer.from([1, 0, 1])), string(Buffer.concat([Buffer.alloc(1), number]))],
  ]);
  expect(() => readPublicKey(blob)).toThrow(Malformed);
});

test("a key that is damaged is Malformed, whatever the damage", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  const blob = Buffer.concat([string("ecdsa-sha2-nistp256"), string("nistp256"), string(point)]);
  expect(readPublicKey(blob).type).toBe("ecdsa-sha2-nistp256");
  for (const good of [blob, rsa(2048).blob]) {
    for (const seed of seeds(300)) {
      try {
        readPublicKey(mutated(new Random(seed), good));
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed);
      }
    }
  }
});
