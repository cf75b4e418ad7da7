import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
import { isLoopback, PosternError } from "../../core/plugin.ts";

/** Milliseconds. */
const patience = 5_000;
/** Milliseconds between two fetches for key ids that nobody knows. */
const cooldownDuration = 1_000;

/** Finds a transmitter's keys, with the first token that asks for one. Throws PosternError `caep.url`. */
export function jwksFrom(issuer: string, jwks: string | undefined): JWTVerifyGetKey {
  checked(jwks ?? issuer);
  let found: Promise<JWTVerifyGetKey> | undefined;
  return async (...asked) => {
    found ??= open(issuer, jwks);
    try {
      return await (await found)(...asked);
    } catch (error) {
      // What could not be discovered is looked for again.
      await found.catch(() => {
        found = undefined;
      });
      throw error;
    }
  };
}

async function open(issuer: string, jwks: string | undefined): Promise<JWTVerifyGetKey> {
  const url = checked(jwks ?? (await discovered(issuer)));
  return createRemoteJWKSet(url, { timeoutDuration: patience, cooldownDuration });
}

/** Shared Signals Framework 1.0, 7.2: the well-known part stands before the issuer's path. */
async function discovered(issuer: string): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const url = `${origin}/.well-known/ssf-configuration${pathname === "/" ? "" : pathname}`;
  const answer = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(patience) });
  const said = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
  if (said.issuer !== issuer || typeof said.jwks_uri !== "string") {
    throw new Error(`${url} names no keys of ${issuer}`);
  }
  return said.jwks_uri;
}

function checked(text: string): URL {
  const url = URL.parse(text);
  const local = url?.protocol === "http:" && isLoopback(url.hostname.replace(/^\[|\]$/g, ""));
  if (url && (url.protocol === "https:" || local)) return url;
  throw new PosternError("caep.url", `${JSON.stringify(text)} is no https address.`, {
    hint: "Keys are fetched over TLS, or from this machine.",
  });
}
