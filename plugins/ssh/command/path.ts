import type { Argument } from "./argument.ts";

/** A path as the target of read, write or delete; `*` where it cannot be told or climbs (`..`). */
export function targetPath({ text, pattern }: Argument): string {
  if (text === undefined || text === "" || /(^|\/)\.\.(\/|$)/.test(text)) return "*";
  const straight = text
    .replaceAll(/\/(\.?\/)+/g, "/")
    .replace(/^(\.\/)+/, "")
    .replace(/(.)\/\.?$/, "$1");
  return text.startsWith("~") && !pattern ? `./${straight}` : straight;
}
