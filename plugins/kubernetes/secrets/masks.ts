import type { Encoding, Named } from "./places.ts";

const text = "****";
const base64 = Buffer.from(text).toString("base64");

/** What stands in the place of a value: what a client decodes decodes to the same. */
export const maskOf = (encoding: Encoding): string => (encoding === "base64" ? base64 : text);

/** Whether a value is what this gateway shows in the place of one. */
export const isMask = (value: unknown): boolean => value === text || value === base64;

/** The same in what is no JSON: alone between what is no star. */
export function holdsMask(bytes: string): boolean {
  return bytes.includes(base64) || /(?:^|[^*])\*{4}(?:$|[^*])/.test(bytes);
}

/** Names with `*` for any run of characters; upper and lower case are the same. */
export function namesOf(patterns: readonly string[]): (name: string) => boolean {
  const escaped = patterns.map((pattern) =>
    pattern
      .split("*")
      .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, "\\$&"))
      .join(".*"),
  );
  const all = new RegExp(`^(?:${escaped.join("|")})$`, "is");
  return patterns.length === 0 ? () => false : (name) => all.test(name);
}

/** Where nobody has said which ones: for what approvers see of what they did not ask for. */
const telling = namesOf([
  "*pass*",
  "*secret*",
  "*token*",
  "*key*",
  "*credential*",
  "*auth*",
  "*dsn*",
  "*_url",
  "*private*",
]);
export const usual: Named = { environment: telling, configMap: telling };
