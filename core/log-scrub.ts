/** Names of fields whose value never belongs in a log. */
export const secretFields = [
  "password",
  "token",
  "secret",
  "credential",
  "authorization",
  "proof",
  "verifier",
  "privateKey",
] as const;

const patterns: readonly (readonly [RegExp, string])[] = [
  // JSON Web Tokens and anything else in their shape (RFC 7519).
  [/\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g, "[secret]"],
  [/\b(bearer) +[\w.~+/=-]{8,}/gi, "$1 [secret]"],
  // The password part of a URL (RFC 3986, userinfo).
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*:)[^\s/@"]+@/gi, "$1[secret]@"],
  [/\b(password|passwd|pwd|secret)=[^\s&"';]+/gi, "$1=[secret]"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/gs, "[secret]"],
];

/** Cuts what looks like a secret out of a line. A guard behind the rule that nobody logs one. */
export function scrub(line: string): string {
  for (const [pattern, replacement] of patterns) line = line.replace(pattern, replacement);
  return line;
}
