/** By byte: 1 where it is a character of a token (tchar; RFC 9110, 5.6.2). */
export const tokenBytes: Uint8Array = tableOf((byte) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(letter(byte)));

/** By byte: 1 where a field value may hold it: visible ASCII, obs-text, space and tab (RFC 9110, 5.5). */
export const valueBytes: Uint8Array = tableOf((byte) => byte === 9 || (byte >= 32 && byte !== 127));

/** By byte: 1 where a request-target may hold it: visible ASCII but `#`, which would begin a fragment. */
export const targetBytes: Uint8Array = tableOf((byte) => byte > 32 && byte < 127 && byte !== 35);

export function isToken(text: string): boolean {
  return text.length > 0 && consistsOf(tokenBytes, text);
}

/**
 * Whether every character is in the table. One above U+00FF never is: written as one byte it would become another
 * character, U+010D a carriage return.
 */
export function consistsOf(table: Uint8Array, text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (table[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}

/** Digits of base ten and nothing else, below 10 to the power of 15; -1 for anything else. */
export function digits(text: string): number {
  if (text.length === 0 || text.length > 15) return -1;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function tableOf(holds: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (holds(byte) ? 1 : 0));
}

function letter(byte: number): string {
  return String.fromCharCode(byte);
}
