import type { Answer } from "../../../core/plugin.ts";
import { type Fields, type RequestHead, type ResponseHead, without } from "../message.ts";
import { acceptable } from "./codings.ts";

/** What a request must not ask for where its answer has to be seen: parts, differences (RFC 3229). */
const notAsked = new Set(["range", "if-range", "a-im", "accept-encoding"]);
/** And whether the hidden content is what the caller takes it for: an entity tag is often a hash of it. */
const guesses = new Set([...notAsked, "if-none-match", "if-match"]);
/** A write that is meant for what it names alone still says so. */
const safe = new Set(["GET", "HEAD", "OPTIONS", "QUERY", "PROPFIND", "REPORT", "SEARCH"]);

/**
 * The request as it goes to the resource, so that its answer can be looked at: whole, and in codings that can be
 * undone.
 */
export function requestFor(request: RequestHead): RequestHead {
  const fields = without(request.fields, safe.has(request.method) ? guesses : notAsked);
  const encodings = acceptable(request.fields);
  if (encodings !== undefined) fields.push("Accept-Encoding", encodings);
  return { ...request, fields };
}

/**
 * Fields that may be a hash of the body before it was masked: a mobile number, a date of birth are tried out in no time by
 * whoever has it.
 */
const tellsOfTheBytes =
  /(?:^|-)(?:etag|md5|sha-?\d*|crc32c?|hash|digest|checksum|fingerprint|signature)(?:-|$)/;

/** What is true of the bytes that the resource sent, and not of those that the caller gets. */
const ofTheBytes = new Set([
  "content-encoding",
  "content-md5",
  "digest",
  "repr-digest",
  "content-digest",
  "signature",
  "signature-input",
  "accept-ranges",
  "content-range",
]);

/**
 * The head of a body that was looked at. `encoding`: how the caller gets it; `type`: in place of its Content-Type.
 * An ETag is weak from here on: the resource compares it with its own bytes, not with these.
 */
export function headOfShown(
  head: ResponseHead,
  encoding: string | undefined,
  type: string | undefined,
): ResponseHead {
  const fields = without(
    head.fields,
    type === undefined ? ofTheBytes : new Set([...ofTheBytes, "content-type"]),
  );
  for (let at = 0; at < fields.length; at += 2) {
    const value = fields[at + 1] as string;
    if (fields[at]?.toLowerCase() === "etag" && value.startsWith('"')) fields[at + 1] = `W/${value}`;
  }
  if (type !== undefined) fields.push("Content-Type", type);
  if (encoding !== undefined) fields.push("Content-Encoding", encoding);
  return { ...head, fields };
}

/** Fields whose values say something of the message and nothing of what it is about. */
const structural = new Set(
  `accept-ranges access-control-allow-credentials access-control-allow-headers access-control-allow-methods
  access-control-allow-origin access-control-expose-headers access-control-max-age age allow alt-svc cache-control
  content-encoding content-language content-length content-range content-type cross-origin-embedder-policy
  cross-origin-opener-policy cross-origin-resource-policy date expires last-modified permissions-policy pragma
  referrer-policy retry-after sec-websocket-accept sec-websocket-extensions sec-websocket-protocol
  strict-transport-security vary x-content-type-options x-frame-options x-xss-protection`.split(/\s+/),
);

/**
 * Header or trailer fields as the caller may see them: each whose value can carry data is a document of its own, so
 * a mask for a name is one for a field of that name. What would be no field any more is left out, and so is what may
 * tell of the bytes before they were masked.
 */
export function shownFields(fields: Fields, answer: Answer): string[] {
  const shown: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const [name, value] = [fields[at] as string, fields[at + 1] as string];
    const lower = name.toLowerCase();
    if (structural.has(lower)) shown.push(name, value);
    else if (!tellsOfTheBytes.test(lower)) shown.push(...shownField(name, value, answer));
  }
  return shown;
}

function shownField(name: string, value: string, answer: Answer): readonly string[] {
  const now = shownValue(name, value, answer);
  if (now === undefined) return [];
  const plain = decoded(value);
  if (plain === value) return [name, now];
  const shown = shownValue(name, plain, answer);
  if (shown === undefined) return [];
  return [name, shown === plain ? now : encodeURI(shown)];
}

function shownValue(name: string, value: string, answer: Answer): string | undefined {
  const now = answer.document ? inDocument(name, value, answer) : (answer.text?.("notice", value) ?? value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no field may have (RFC 9110, 5.5).
  return now === undefined || (now !== value && /[\0-\x08\x0a-\x1f\x7f]/.test(now)) ? undefined : now;
}

function inDocument(name: string, value: string, answer: Answer): string | undefined {
  const before = { [name]: value };
  const after = answer.document?.("message/http", before);
  if (after === before) return value;
  const now = Object.getOwnPropertyDescriptor(Object(after), name)?.value;
  return typeof now === "string" ? now : undefined;
}

function decoded(value: string): string {
  if (!value.includes("%")) return value;
  // Sequence by sequence, so that a broken one does not hide the others.
  return value.replaceAll(/(?:%[0-9A-Fa-f]{2})+/g, (part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}
