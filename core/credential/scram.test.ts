import { expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { decoyVerifier, scramIterations, scramVerifier } from "./scram.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const base64 = (text: string) => Buffer.from(text, "base64");

test("accepts the proof and gives the signature of RFC 7677, 3", async () => {
  const verifier = await scramVerifier("pencil", base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  const message =
    "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const proof = base64("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  const mask = createHmac("sha256", verifier.storedKey).update(message).digest();
  const clientKey = Uint8Array.from(proof, (byte, at) => byte ^ (mask[at] ?? 0));
  expect(hex(createHash("sha256").update(clientKey).digest())).toBe(hex(verifier.storedKey));
  expect(createHmac("sha256", verifier.serverKey).update(message).digest("base64")).toBe(
    "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  );
});

test("salts each verifier anew", async () => {
  const [one, two] = await Promise.all([scramVerifier("same"), scramVerifier("same")]);
  expect(hex(one.salt)).not.toBe(hex(two.salt));
  expect(hex(one.storedKey)).not.toBe(hex(two.storedKey));
});

test("a decoy looks like a verifier and stays the same for one id", async () => {
  const secret = Buffer.alloc(32, 7);
  const real = await scramVerifier("x");
  const decoy = decoyVerifier(secret, "pc_a");
  expect(decoy).toEqual(decoyVerifier(secret, "pc_a"));
  expect(decoy.iterations).toBe(scramIterations);
  for (const part of ["salt", "storedKey", "serverKey"] as const) {
    expect(decoy[part].length).toBe(real[part].length);
    expect(hex(decoy[part])).not.toBe(hex(decoyVerifier(secret, "pc_b")[part]));
    expect(hex(decoy[part])).not.toBe(hex(decoyVerifier(Buffer.alloc(32, 8), "pc_a")[part]));
  }
});
