import type { BodyLength } from "../exchange.ts";
import { type ResponseHead, without } from "../message.ts";
import { malformed } from "./fault.ts";
import { readFields } from "./fields.ts";
import { FramingFields } from "./framing-fields.ts";
import { consistsOf, valueBytes } from "./syntax.ts";

/** An answer's head, and what it says about its connection. */
export interface ParsedResponse {
  readonly head: ResponseHead;
  /** As `AnswerSink.head` is told it. */
  readonly length: BodyLength;
  /** What follows the head: nothing, so many bytes, chunks, or all up to the end of the connection. */
  readonly body: "none" | number | "chunked" | "until-close";
  readonly persistent: boolean;
  readonly upgrade: string | undefined;
}

/**
 * `text`: up to the empty line, without the line end before it, a character a byte. `method`: of the request, since
 * an answer to HEAD has no body (RFC 9112, 6.3). Throws Fault.
 */
export function parseResponse(text: string, method: string): ParsedResponse {
  const lineEnd = text.indexOf("\r\n");
  const { version, status, reason } = readStatus(lineEnd < 0 ? text : text.slice(0, lineEnd));
  const framing = new FramingFields();
  const fields = lineEnd < 0 ? [] : readFields(text, lineEnd + 2, framing);
  framing.check(version);
  const bodyless = status < 200 || status === 204;
  const told = framing.chunked ? "chunked" : framing.contentLength;
  const body = bodyless || status === 304 || method === "HEAD" ? "none" : (told ?? "until-close");
  return {
    head: { status, reason, fields: framing.nominated ? without(fields, framing.nominated) : fields },
    length: body === "until-close" ? "chunked" : bodyless ? "none" : (told ?? "none"),
    body,
    persistent: version === "1.1" && framing.persistent(version) && body !== "until-close",
    upgrade: framing.upgrade,
  };
}

/** `HTTP/1.1 200 OK`. Servers leave out the space before an empty reason; nobody reads anything else out of that. */
function readStatus(line: string): {
  readonly version: "1.0" | "1.1";
  readonly status: number;
  readonly reason: string;
} {
  const minor = line.charCodeAt(7) - zero;
  const [first, second, third] = [
    line.charCodeAt(9) - zero,
    line.charCodeAt(10) - zero,
    line.charCodeAt(11) - zero,
  ];
  const proper =
    line.startsWith("HTTP/1.") &&
    (minor === 0 || minor === 1) &&
    line.charCodeAt(8) === space &&
    isDigit(first, 1, 5) &&
    isDigit(second, 0, 9) &&
    isDigit(third, 0, 9) &&
    (line.length === 12 || line.charCodeAt(12) === space);
  const reason = line.slice(13);
  if (!proper || !consistsOf(valueBytes, reason)) {
    throw malformed("the status line is not one of HTTP/1.1.");
  }
  return { version: minor === 1 ? "1.1" : "1.0", status: first * 100 + second * 10 + third, reason };
}

/** False for what is no number, as there is no character. */
function isDigit(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

const zero = 48;
const space = 32;
