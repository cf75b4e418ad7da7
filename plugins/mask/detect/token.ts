import { dot, isAlphanumeric, isWord } from "./bytes.ts";
import type { Verifier } from "./scanner.ts";

/** At the `J` of `eyJ`, base64url of `{"`: a header, a dot, and what follows (RFC 7515, 7516 compact form). */
export const jwt: Verifier = (bytes, at, from, end, found) => {
  const start = at - 2;
  if (start < from || bytes[start] !== 101 || bytes[at - 1] !== 121) return false;
  if (start > from && isWord(bytes[start - 1])) return false;
  let headerEnd = at;
  while (headerEnd < end && isWord(bytes[headerEnd])) headerEnd++;
  if (headerEnd - start < 10 || bytes[headerEnd] !== dot) return false;
  let stop = headerEnd + 1;
  while (stop < end && (isWord(bytes[stop]) || bytes[stop] === dot)) stop++;
  while (bytes[stop - 1] === dot) stop--;
  if (stop - headerEnd < 10) return false;
  found.start = start;
  found.end = stop;
  return true;
};

interface KeyForm {
  readonly prefix: Uint8Array;
  /** Where in the prefix the byte is at which it is looked for. */
  readonly trigger: number;
  /** Characters behind the prefix, at least. */
  readonly length: number;
}

const forms: readonly KeyForm[] = [
  ...["AKIA", "ASIA", "ABIA", "ACCA"].map((prefix) => form(prefix, 0, 16)),
  form("AIza", 0, 35),
  ...["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].map((prefix) => form(prefix, 3, 36)),
  form("github_pat_", 6, 22),
  form("glpat-", 5, 20),
  ...["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xapp-"].map((prefix) => form(prefix, 4, 10)),
  ...["sk_live_", "rk_live_", "sk_test_", "rk_test_"].map((prefix) => form(prefix, 2, 16)),
  ...["sk-ant-", "sk-proj-", "sk-"].map((prefix) => form(prefix, 2, 32)),
  form("npm_", 3, 36),
  form("dop_v1_", 3, 64),
];

const begin = Buffer.from("-----BEGIN ");
const privateKey = Buffer.from("PRIVATE KEY-----");
const pemEnd = Buffer.from("-----END ");

/** At `A`, `_` or `-`: keys that cloud providers issue, by their prefixes, and private keys in PEM. */
export const cloudkey: Verifier = (bytes, at, from, end, found) => {
  for (const { prefix, trigger, length } of forms) {
    if (prefix[trigger] !== bytes[at]) continue;
    const start = at - trigger;
    if (start < from || !isAt(bytes, start, end, prefix)) continue;
    if (start > from && isAlphanumeric(bytes[start - 1])) continue;
    let stop = start + prefix.length;
    while (stop < end && isWord(bytes[stop])) stop++;
    if (stop - start < prefix.length + length) continue;
    found.start = start;
    found.end = stop;
    return true;
  }
  return isAt(bytes, at, end, begin) && pem(bytes, at, end, found);
};

/** To its END line, or as far as the text goes. */
function pem(bytes: Uint8Array, at: number, end: number, found: { start: number; end: number }): boolean {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at);
  const named = header.indexOf(privateKey);
  if (named === -1 || named > 40) return false;
  const last = header.indexOf(pemEnd, named);
  const stop = last === -1 ? -1 : header.indexOf(privateKey, last);
  found.start = at;
  found.end = stop === -1 ? end : at + stop + privateKey.length;
  return true;
}

function form(prefix: string, trigger: number, length: number): KeyForm {
  return { prefix: Buffer.from(prefix), trigger, length };
}

function isAt(bytes: Uint8Array, at: number, end: number, what: Uint8Array): boolean {
  if (at + what.length > end) return false;
  for (let index = 0; index < what.length; index++) if (bytes[at + index] !== what[index]) return false;
  return true;
}
