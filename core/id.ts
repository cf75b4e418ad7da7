import { randomBytes } from "node:crypto";

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** `ses_01k9…`: sorts by time of making, 50 random bits, safe in URLs, file names and log lines. */
export function newId(prefix: string): string {
  let time = Date.now();
  let text = "";
  for (let i = 0; i < 9; i++) {
    text = alphabet[time % 32] + text;
    time = Math.floor(time / 32);
  }
  for (const byte of randomBytes(10)) text += alphabet[byte % 32];
  return `${prefix}_${text}`;
}
