import type { Fields } from "../message.ts";
import { malformed, tooLarge } from "./fault.ts";
import { tokenBytes, valueBytes } from "./syntax.ts";

/** Fields that one message may have, and its trailers again. */
export const fieldLimit = 128;

/** Told of each field while a head is read. True: it is not handed on. */
export interface FieldWatch {
  take(name: string, value: string): boolean;
}

/**
 * Field lines from `at` to the end of `text`, which ends before the empty line (RFC 9112, 5). One pass, and strict:
 * CRLF alone ends a line, no space stands before a colon, no line continues another one. Throws Fault.
 */
export function readFields(text: string, at: number, watch: FieldWatch): string[] {
  const fields: string[] = [];
  const { length } = text;
  for (let count = 0; at < length; count++) {
    if (count === fieldLimit) throw tooLarge(`There are more than ${fieldLimit} header fields.`);
    let next = at;
    while (next < length && tokenBytes[text.charCodeAt(next)] === 1) next++;
    if (next === at || next === length || text.charCodeAt(next) !== colon) {
      throw malformed("A header line does not begin with a field name and a colon.");
    }
    const name = text.slice(at, next);
    do next++;
    while (next < length && isBlank(text.charCodeAt(next)));
    const start = next;
    while (next < length && valueBytes[text.charCodeAt(next)] === 1) next++;
    if (next < length && !text.startsWith("\r\n", next)) {
      throw malformed("A header field holds a control character.");
    }
    let end = next;
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
    const value = text.slice(start, end);
    if (!watch.take(name, value)) fields.push(name, value);
    // Proper (RFC 9110, 5.5), and yet there are servers, Node among them, to which `chunked` and a tab is no `chunked`.
    else if (end < next && text.slice(end, next).includes("\t"))
      throw malformed("A tab stands behind a value.");
    at = next + 2;
  }
  return fields;
}

/**
 * Trailer fields, without those that would say who asks or how to take the message had they been in its head (RFC
 * 9110, 6.5.1). Throws Fault for one that would frame or route it.
 */
export function readTrailers(text: string): Fields {
  return readFields(text, 0, trailerWatch);
}

const trailerWatch: FieldWatch = { take: (name) => !mayTrail(name) };

/** Whether a trailer of this name is handed on. Throws Fault for one that would frame or route the message. */
export function mayTrail(name: string): boolean {
  const lower = name.toLowerCase();
  if (neverInTrailers.has(lower)) throw malformed("A trailer field would frame or route the message.");
  return !notInTrailers.has(lower) && !notInTrailersAs.test(lower);
}

const neverInTrailers: ReadonlySet<string> = new Set([
  ...["content-length", "transfer-encoding", "trailer", "host", "connection", "upgrade", "http2-settings"],
]);

const notInTrailers: ReadonlySet<string> = new Set(
  `keep-alive te expect max-forwards
   range cache-control pragma if-match if-none-match if-modified-since if-unmodified-since if-range content-encoding
   content-type content-range authorization cookie set-cookie www-authenticate authentication-info forwarded via age
   date expires location retry-after vary warning x-real-ip x-http-method-override`.split(/\s+/),
);

const notInTrailersAs = /^(proxy-|x-forwarded-|impersonate-|sec-)/;

const colon = 58;

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}
