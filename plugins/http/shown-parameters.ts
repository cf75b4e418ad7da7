import type { Parameters } from "../../core/plugin.ts";

/** The body, as text where it is one, and what the dialect found out of it. */
export function shownParameters(body: Uint8Array, shown: string | undefined): Parameters {
  let text: string | Uint8Array = body;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    // Shown as bytes.
  }
  const values = shown === undefined ? [text] : [text, shown];
  return { length: values.length, at: (index) => values[index] ?? null };
}
