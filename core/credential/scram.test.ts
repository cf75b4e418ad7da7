import { expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { decoyVerifier, saltOf, scramVerifier } from "./scram.ts";

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

test("a decoy shows what a good verifier of the same id shows, and fits nothing twice", async () => {
  const real = await scramVerifier("x", saltOf("pc_a"));
  const decoys = [decoyVerifier("pc_a"), decoyVerifier("pc_a")] as const;
  for (const decoy of decoys) {
    expect([decoy.iterations, hex(decoy.salt)]).toEqual([real.iterations, hex(real.salt)]);
    for (const part of ["storedKey", "serverKey"] as const)
      expect(decoy[part].length).toBe(real[part].length);
  }
  expect(hex(decoys[0].storedKey)).not.toBe(hex(decoys[1].storedKey));
  expect(hex(saltOf("pc_a"))).not.toBe(hex(saltOf("pc_b")));
});
