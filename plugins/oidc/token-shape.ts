import { NotAccepted } from "../../core/plugin.ts";
import { isObject, type JsonObject } from "./document.ts";
import { duplicateName } from "./duplicates.ts";

export interface TokenParts {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

const compact = /^([\w-]+)\.([\w-]+)\.[\w-]*$/;

/** Whether it has the form of a signed token, whoever signed it. */
export function isCompact(token: string): boolean {
  return compact.test(token);
}

/**
 * What a signed token says, verified or not (RFC 7515, compact). Throws NotAccepted where two readers could
 * read two things in it.
 */
export function shapeOf(token: string): TokenParts {
  const parts = compact.exec(token);
  if (!parts) throw new NotAccepted("oidc: the token is not of the form header.claims.signature.");
  const header = object(parts[1] ?? "", "header");
  if (header.kid !== undefined && typeof header.kid !== "string") {
    throw new NotAccepted("oidc: the key id of the token is no text.");
  }
  return { header, claims: object(parts[2] ?? "", "claims") };
}

function object(part: string, what: string): JsonObject {
  const text = Buffer.from(part, "base64url").toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below, without what it holds.
  }
  if (!isObject(value)) throw new NotAccepted(`oidc: the ${what} of the token is no JSON object.`);
  const twice = duplicateName(text);
  if (twice === undefined) return value;
  throw new NotAccepted(`oidc: the ${what} of the token says ${JSON.stringify(twice.slice(0, 64))} twice.`);
}
