import type { Answer } from "../../../core/plugin.ts";
import { readJson } from "./json.ts";
import { rewritten } from "./rewrite.ts";
import { withheld } from "./withheld.ts";

/** What servers write before JSON so that no script element can load it; clients know and remove it. */
const prefix = /^(?:\)\]\}',?|while ?\(1\);|for ?\(;;\);|\{\}&&)?\s*/;

/**
 * One JSON text as the caller may see it: the same view where the guardrail changed nothing. In UTF-8, with or
 * without a byte order mark. Throws PosternError `answer.withheld`.
 */
export function shownDocument(bytes: Uint8Array, contentType: string, answer: Answer): Uint8Array {
  const text = utf8(bytes);
  const { before, json } = withoutPrefix(text);
  if (json === "") return bytes;
  const shown = shownJson(json, contentType, answer);
  return shown === undefined ? bytes : Buffer.from(before + shown);
}

/** `before`: byte order mark, prefix and white space. */
export function withoutPrefix(text: string): { readonly before: string; readonly json: string } {
  const from = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const start = from + (prefix.exec(text.slice(from))?.[0].length ?? 0);
  return { before: text.slice(0, start), json: text.slice(start) };
}

export function isJson(text: string): boolean {
  if (!/^\s*[[{"\d\-tfn]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** undefined: it stays as it is. */
export function shownJson(text: string, contentType: string, answer: Answer): string | undefined {
  if (answer.document === undefined) throw withheld("it cannot look into JSON");
  const source = readJson(text);
  const after = answer.document(contentType, source.value);
  if (Object.is(after, source.value) && source.repeating.size === 0) return undefined;
  return rewritten(source, after);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw withheld("it is not in UTF-8", cause);
  }
}

/** `a=1&b=2` (the URL standard's urlencoded form): each name with its values, in a document. */
export function shownForm(bytes: Uint8Array, contentType: string, answer: Answer): Uint8Array {
  if (answer.document === undefined) throw withheld("it cannot look into a form");
  const fields = [...new URLSearchParams(utf8(bytes))];
  let changed = false;
  const shown = fields.flatMap(([name, value]) => {
    const before = { [name]: value };
    const after = answer.document?.(contentType, before);
    if (after === before) return [[name, value]];
    changed = true;
    if (typeof after !== "object" || after === null) return [];
    return Object.entries(after).map(([as, now]) => [as, typeof now === "string" ? now : ""]);
  });
  return changed ? Buffer.from(new URLSearchParams(shown as [string, string][]).toString()) : bytes;
}
