import { KeyObject } from "node:crypto";
import { CompactSign, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

/** One signing key of a provider: the private JWK that it is configured with, and its signer. */
export interface ProviderKey {
  readonly jwk: JWK;
  readonly kid: string;
  readonly publicKey: KeyObject;
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  /** Claims as they are written, for what no JSON encoder would write. */
  signText(claims: string): Promise<string>;
}

export async function providerKey(kid: string): Promise<ProviderKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  return {
    kid,
    publicKey: KeyObject.from(publicKey),
    jwk: { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" },
    sign: (claims, header) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "RS256", kid, ...header })
        .sign(privateKey, { crit: { "urn:known": true } }),
    signText: (claims) =>
      new CompactSign(Buffer.from(claims)).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey),
  };
}
