/** What a byte of ASCII text is. A character beyond ASCII is bytes of 128 and more. */

const digit = 1;
const letter = 2;
const hexLetter = 4;
const word = 8;

const classes = new Uint8Array(256);
for (let byte = 0; byte < 128; byte++) {
  const char = String.fromCharCode(byte);
  if (/[0-9]/.test(char)) classes[byte]! |= digit | word;
  if (/[a-zA-Z]/.test(char)) classes[byte]! |= letter | word;
  if (/[a-fA-F]/.test(char)) classes[byte]! |= hexLetter;
  if (/[_-]/.test(char)) classes[byte]! |= word;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

export function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && (classes[byte]! & letter) !== 0;
}

export function isAlphanumeric(byte: number | undefined): boolean {
  return byte !== undefined && (classes[byte]! & (digit | letter)) !== 0;
}

export function isHex(byte: number | undefined): boolean {
  return byte !== undefined && (classes[byte]! & (digit | hexLetter)) !== 0;
}

/** Letters, digits, `_` and `-`: what base64url and most keys are made of. */
export function isWord(byte: number | undefined): boolean {
  return byte !== undefined && (classes[byte]! & word) !== 0;
}

/** Where the digits that begin at `at` end. */
export function digitsEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isDigit(bytes[at])) at++;
  return at;
}

export const [space, dash, dot, colon, open, close] = [32, 45, 46, 58, 40, 41] as const;
