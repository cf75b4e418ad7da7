import type { Answer, Chunk } from "../../../guardrail.ts";

/** What stands in the place of a value: as many stars as it has bytes. */
export function starred(value: string): string {
  return "*".repeat(value.length);
}

/** Replaces one value in whatever form an answer comes. A stream is kept back until its channel is over. */
export function stars(value: string): Answer {
  const star = (text: string) => text.replaceAll(value, starred(value));
  const bytes = (all: Uint8Array) => Buffer.from(star(Buffer.from(all).toString("latin1")), "latin1");
  const kept = new Map<string, Uint8Array[]>();
  return {
    rows: (columns) => ({
      columns: columns.map((_, at) => at),
      show: (_, view, start, end) => bytes(view.subarray(start, end)),
    }),
    document: (_, document) => JSON.parse(star(JSON.stringify(document))),
    text: (_, text) => star(text),
    stream(chunk: Chunk) {
      if (chunk.direction === "toResource") return chunk;
      const before = kept.get(chunk.channel) ?? [];
      kept.set(chunk.channel, before);
      if (chunk.bytes.length > 0) return void before.push(chunk.bytes.slice());
      return { ...chunk, bytes: bytes(Buffer.concat(before.splice(0))) };
    },
  };
}
