/** Bytes: what is shorter is no secret, and would be found in the middle of words. */
const shortest = 8;

/**
 * The forms in which a resource that repeats what it was sent would show its credential: as it is, as JSON and URLs
 * have it; of `user:password` the password, and what `Authorization: Basic` says.
 */
export function formsOf(secret: string): readonly Buffer[] {
  const colon = secret.indexOf(":");
  const parts = colon < 0 ? [secret] : [secret, secret.slice(colon + 1)];
  const texts = parts.flatMap((part) => [
    part,
    JSON.stringify(part).slice(1, -1),
    encodeURIComponent(part),
    encodeURI(part),
  ]);
  if (colon >= 0) texts.push(Buffer.from(secret, "utf8").toString("base64").replace(/=+$/, ""));
  const forms = [...new Set(texts)].map((text) => Buffer.from(text, "utf8"));
  return forms.filter(({ length }) => length >= shortest);
}
