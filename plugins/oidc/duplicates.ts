/**
 * The first member name that an object of this JSON text has twice, at any depth; undefined: each is there
 * once. Parsers differ in which of two they believe, and a token must say the same to everybody (RFC 7519, 4).
 * `json` must parse.
 */
export function duplicateName(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs;
  for (let match = token.exec(json); match; match = token.exec(json)) {
    const [found] = match;
    if (found === "{") open.push(new Set());
    else if (found === "[") open.push(undefined);
    else if (found === "}" || found === "]") open.pop();
    else if (isName(json, token.lastIndex)) {
      // As it reads: a name may be written with escapes.
      const name = String(JSON.parse(found));
      const names = open.at(-1);
      if (names?.has(name)) return name;
      names?.add(name);
    }
  }
  return undefined;
}

/** Whether the string that ends here is followed by a colon. */
function isName(json: string, end: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = end;
  return colon.test(json);
}
