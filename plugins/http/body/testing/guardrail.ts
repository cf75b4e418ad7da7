import type { Answer, Chunk } from "../../../../core/plugin.ts";

/**
 * A guardrail of the tests, since plugins do not know one another: hides the addresses at example.com, and what is
 * under `secret`. Streams: keeps back the word that has not ended.
 */
export function hiding(): Answer {
  const kept = new Map<string, string>();
  return {
    document: (_type, value) => hidden(value),
    text: (_kind, text) => hide(text),
    stream(chunk): Chunk | undefined {
      const all = (kept.get(chunk.channel) ?? "") + Buffer.from(chunk.bytes).toString("latin1");
      const end = chunk.bytes.length === 0 ? all.length : all.search(/[^\s]*$/);
      kept.set(chunk.channel, all.slice(end));
      return { ...chunk, bytes: Buffer.from(hide(all.slice(0, end)), "latin1") };
    },
  };
}

function hide(text: string): string {
  return text.replaceAll(/[a-z]+@example\.com/gi, "****");
}

function hidden(value: unknown): unknown {
  if (typeof value === "string") return hide(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(hidden);
    return items.every((item, index) => Object.is(item, value[index])) ? value : items;
  }
  const entries = Object.entries(value).map(([name, field]) => [
    hide(name),
    name === "secret" ? "****" : hidden(field),
  ]);
  const same = Object.entries(value).every(
    ([name, field], index) => entries[index]?.[0] === name && Object.is(entries[index]?.[1], field),
  );
  return same ? value : Object.fromEntries(entries);
}
