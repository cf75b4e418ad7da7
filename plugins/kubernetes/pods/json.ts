import { deepest } from "./fields.ts";

/** Why a text of JSON may mean something else to the server than to us. */
export type Doubt = "invalid" | "repeated keys" | "too deep";

/**
 * Reads JSON that all readers take for the same, else says what is doubtful. A key that an object repeats is: where the
 * server's struct was filled by the first one, the second fills in what it names and leaves the rest, so that
 * `{"securityContext":{"privileged":true},"securityContext":{}}` is privileged to Go and not to JSON.parse.
 */
export function readJson(bytes: Uint8Array): { readonly value: unknown } | { readonly doubt: Doubt } {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (failure) {
    if (failure instanceof TypeError || failure instanceof SyntaxError) return { doubt: "invalid" };
    if (failure instanceof RangeError) return { doubt: "too deep" };
    throw failure;
  }
  const doubt = doubtIn(text);
  return doubt ? { doubt } : { value };
}

/** Its strings and brackets, one after the other. `text` is valid JSON, so nothing else needs looking at. */
const mark = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;

function doubtIn(text: string): Doubt | undefined {
  const open: Set<string>[] = [];
  mark.lastIndex = 0;
  for (let found = mark.exec(text); found; found = mark.exec(text)) {
    const [token, colon] = found;
    if (token === "{" || token === "[") {
      if (open.length === deepest) return "too deep";
      open.push(new Set());
    } else if (token === "}" || token === "]") open.pop();
    else if (colon !== undefined) {
      const written = token.slice(0, token.length - colon.length);
      const key = written.includes("\\") ? (JSON.parse(written) as string) : written.slice(1, -1);
      const keys = open.at(-1);
      if (keys?.has(key)) return "repeated keys";
      keys?.add(key);
    }
  }
  return undefined;
}
