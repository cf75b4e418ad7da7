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
  const line = lineEnd < 0 ? text : text.slice(0, lineEnd);
  const [, minor, digits, reason = ""] = statusLine.exec(line) ?? [];
  if (digits === undefined || !consistsOf(valueBytes, reason)) {
    throw malformed("the status line is not one of HTTP/1.1.");
  }
  const version = minor === "1" ? "1.1" : "1.0";
  const status = Number(digits);
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

/** Servers leave out the space before an empty reason; nobody reads anything else out of that. */
const statusLine = /^HTTP\/1\.([01]) ([1-5][0-9][0-9])(?: (.*))?$/s;
