/** UTF-8 bytes of a text that an entry keeps. */
export const keptBytes = 16 << 10;

export interface Cut {
  readonly text: string;
  readonly whole?: { readonly sha256: string; readonly bytes: number };
}

/** A text as an entry holds it: whole up to 16 KiB, else its beginning with hash and length of all. */
export function cut(text: string): Cut {
  if (text.length * 3 <= keptBytes) return { text };
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length <= keptBytes) return { text };
  let end = keptBytes;
  // Not in the middle of a character: 10xxxxxx continues one.
  while ((bytes[end]! & 0xc0) === 0x80) end--;
  return {
    text: bytes.toString("utf8", 0, end),
    whole: { sha256: Bun.SHA256.hash(bytes, "hex"), bytes: bytes.length },
  };
}
