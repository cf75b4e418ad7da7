import { malformed } from "../wire/read.ts";

/** Separates and ends the pairs of an OAUTHBEARER message (RFC 7628, 3.1). */
export const separator = "\x01";

/** What RFC 7628 knows, each once at most; other keys are ignored, as it asks. */
const forms: Readonly<Record<string, RegExp>> = {
  auth: /^$|^Bearer +[A-Za-z0-9\-._~+/]+=*$/i,
  host: /^[A-Za-z0-9._:[\]%-]{1,255}$/,
  port: /^\d{1,5}$/,
};

/**
 * The token in a client's first message of OAUTHBEARER: `n,,^Aauth=Bearer TOKEN^A^A` (RFC 7628, 3.1; RFC 6750, 2.1 for the token). "":
 * the client has none, and asks where to get one. Throws `postgres.protocol`, which holds nothing of the message.
 */
export function bearerToken(message: string): string {
  const wrong = (what: string) => malformed("OAUTHBEARER message", what);
  const [header = "", ...pairs] = message.split(separator);
  if (/^[ny],a=[^,]+,$/.test(header)) throw wrong("an authorization identity is not supported");
  // There is no channel binding for this mechanism, so `y` says as little as `n`.
  if (header !== "n,," && header !== "y,,") throw wrong("its header is not in the form that RFC 5801 gives");
  if (pairs.pop() !== "" || pairs.pop() !== "") throw wrong("it is cut off");
  const known = new Map<string, string>();
  for (const pair of pairs) {
    const [, key, value] = /^([A-Za-z]+)=([\x21-\x7e \t\r\n]*)$/.exec(pair) ?? [];
    if (key === undefined || value === undefined) throw wrong("one of its pairs is none");
    const form = Object.hasOwn(forms, key) ? forms[key] : undefined;
    if (form === undefined) continue;
    if (known.has(key)) throw wrong(`it says "${key}" twice`);
    if (!form.test(value)) throw wrong(`its "${key}" is not in the form that RFC 7628 gives`);
    known.set(key, value);
  }
  const auth = known.get("auth");
  if (auth === undefined) throw wrong('it has no "auth"');
  return auth.slice("Bearer".length).trimStart();
}
