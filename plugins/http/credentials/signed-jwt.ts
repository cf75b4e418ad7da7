import { importPKCS8, type JWTPayload, SignJWT } from "jose";
import {
  type CredentialSource,
  type Duration,
  type Identity,
  milliseconds,
  oneOf,
  onlyKnown,
  type Secret,
} from "../../../core/plugin.ts";
import { failed, unfit } from "./failed.ts";
import { Renewed } from "./renewed.ts";

const algorithms = ["HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA"] as const;

export interface SignedJwtOptions {
  /** The private key, PKCS #8 in PEM; for `HS…` the shared secret, 32 bytes or more. */
  readonly key: Secret;
  readonly algorithm: (typeof algorithms)[number];
  /** `kid` of the header. */
  readonly keyId?: string;
  readonly issuer: string;
  readonly audience: string;
  /** How long each token is good for; a session gets another one before it ends. Default: `"5m"`; at most an hour. */
  readonly ttl?: Duration;
  /** Further claims. What says who asks cannot be among them. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** What the gateway says itself. */
const own = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "act", "groups"];

/**
 * A token that the gateway signs for each session, with the caller's name and groups (RFC 7519), so that the resource
 * knows whose request it is. For an identity that acts for another, `sub` is that other and `act` who acts (RFC 8693, 4.1).
 *
 *     http({ url, credential: signedJwt({ key: env("JWT_KEY"), algorithm: "ES256", issuer: "https://postern.example.com", audience: "api" }) })
 *
 * Throws PosternError `resource.config`, `policy.option`.
 */
export function signedJwt(options: SignedJwtOptions): CredentialSource {
  onlyKnown<SignedJwtOptions>("signedJwt", options, {
    key: true,
    algorithm: true,
    keyId: true,
    issuer: true,
    audience: true,
    ttl: true,
    claims: true,
  });
  const { key, algorithm, issuer, audience, ttl = "5m", claims = {} } = options;
  oneOf("algorithm", algorithm, algorithms);
  const life = milliseconds(ttl);
  if (life < 10_000 || life > 3_600_000) throw unfit("signedJwt", "ttl is not between 10s and 1h");
  const reserved = own.find((name) => Object.hasOwn(claims, name));
  if (reserved !== undefined) throw unfit("signedJwt", `the claim ${reserved} is the gateway's own`);
  if (issuer === "" || audience === "") throw unfit("signedJwt", "issuer and audience cannot be empty");
  return {
    label: `token signed by ${key.label}`,
    async issue({ identity }) {
      const token = new Renewed(() => signed(options, identity, life));
      return { value: await token.current(), runsAs: subjectOf(identity), current: () => token.current() };
    },
  };
}

async function signed(
  { key, algorithm, keyId, issuer, audience, claims }: SignedJwtOptions,
  identity: Identity,
  life: number,
) {
  const secret = await signingKey(key, algorithm);
  const made = Date.now();
  const expires = made + life;
  const value = await new SignJWT({ ...claims, ...claimsOf(identity) })
    .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(Math.floor(made / 1000))
    .setExpirationTime(Math.floor(expires / 1000))
    .setJti(crypto.randomUUID())
    .sign(secret)
    .catch(() => {
      throw failed(`${key.label} cannot sign by ${algorithm}`);
    });
  return { value, made, expires };
}

async function signingKey(key: Secret, algorithm: string): Promise<CryptoKey | Uint8Array> {
  const text = await key.read();
  if (algorithm.startsWith("HS")) {
    const bytes = Buffer.from(text, "utf8");
    if (bytes.length < 32) throw failed(`${key.label} is shorter than 32 bytes`);
    return bytes;
  }
  return await importPKCS8(text, algorithm).catch(() => {
    throw failed(`${key.label} holds no private key for ${algorithm}`);
  });
}

function claimsOf(identity: Identity): JWTPayload {
  const { actingFor } = identity;
  const asked = actingFor ?? identity;
  return {
    sub: subjectOf(identity),
    groups: [...asked.groups],
    ...(actingFor ? { act: { sub: identity.subject } } : {}),
  };
}

function subjectOf({ subject, actingFor }: Identity): string {
  return actingFor?.subject ?? subject;
}
