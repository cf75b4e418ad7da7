import { readFile } from "node:fs/promises";
import type { JSONWebKeySet, JWK } from "jose";
import { PosternError } from "../../core/plugin.ts";
import type { Discovery } from "./discovery.ts";
import { fetchObject, isObject, isProtected, type JsonObject, objectIn } from "./document.ts";
import type { OidcOptions } from "./options.ts";

/** Reads a provider's public keys, wherever they are. Rejects with what to look at. */
export type KeySource = () => Promise<JSONWebKeySet>;

/** By the policy's `jwks`, else by discovery. Throws PosternError `oidc.keys`. */
export function keySourceOf({
  jwks,
  ca,
}: Pick<OidcOptions, "jwks" | "ca">): (discovery: Discovery) => KeySource {
  if (jwks === undefined) return discovered;
  const url = /^[a-z]+:\/\//i.test(jwks) ? URL.parse(jwks) : undefined;
  if (url === undefined) return () => async () => keySet(objectIn(await readFile(jwks, "utf8"), jwks), jwks);
  if (url && isProtected(url)) return () => async () => keySet(await fetchObject(jwks, { ca }), jwks);
  throw new PosternError("oidc.keys", `"${jwks}" cannot be trusted with keys: it is no https URL.`, {
    hint: "Give an https URL, or the path of a file.",
  });
}

/** Where `jwks_uri` points may have moved when it fails. */
function discovered(discovery: Discovery): KeySource {
  return async () => {
    try {
      const url = await discovery.endpoint("jwks_uri");
      return keySet(await fetchObject(url, { ca: discovery.ca }), url);
    } catch (error) {
      discovery.forget();
      throw error;
    }
  };
}

/** A SPIFFE bundle says `jwt-svid` for `sig`, and has X.509 authorities beside it (SPIFFE Trust Domain and Bundle, 4.2). */
function keySet({ keys }: JsonObject, where: string): JSONWebKeySet {
  if (!Array.isArray(keys)) throw new Error(`${where} has no keys`);
  const usable = keys.filter((key): key is JWK => isObject(key) && typeof key.kty === "string");
  return { keys: usable.map((key) => (key.use === "jwt-svid" ? { ...key, use: "sig" } : key)) };
}
