import { randomBytes } from "node:crypto";
import { authorityOf } from "../h1/authority.ts";
import { badExpectation, Fault, tooLarge } from "../h1/fault.ts";
import { fieldLimit } from "../h1/fields.ts";
import { consistsOf, digits, isToken, targetBytes, tokenBytes, valueBytes } from "../h1/syntax.ts";
import type { RequestHead } from "../message.ts";

/** A request's head as one stream brings it. */
export interface StreamRequest {
  readonly head: RequestHead;
  /** Bytes of its body as they were told; undefined: not told. */
  readonly contentLength: number | undefined;
  /** What an extended CONNECT asks for (RFC 8441); `websocket` alone is known. */
  readonly upgrade: "websocket" | undefined;
  readonly expectsContinue: boolean;
}

/**
 * `raw`: name, value, name, value, as they were sent, pseudo-fields first. `ended`: no body follows. Strict as RFC 9113,
 * 8.2 and 8.3, demand, whatever the library has looked at before. Throws Fault.
 */
export function requestOf(raw: readonly string[], ended: boolean): StreamRequest {
  const pseudo = new Map<string, string>();
  const fields: string[] = [];
  const cookies: string[] = [];
  let host: string | undefined;
  let contentLength: number | undefined;
  let expect: string | undefined;
  let regular = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    if (name.startsWith(":")) {
      if (regular > 0) throw malformed("A pseudo-field stands behind a field.");
      if (!pseudoFields.has(name) || pseudo.has(name))
        throw malformed("A pseudo-field is unknown, or there twice.");
      pseudo.set(name, value);
      continue;
    }
    if (name !== "cookie" && ++regular > fieldLimit)
      throw tooLarge(`There are more than ${fieldLimit} header fields.`);
    if (name === "" || !consistsOf(lowerTokenBytes, name))
      throw malformed("A field's name is no token in lower case.");
    if (!consistsOf(valueBytes, value)) throw malformed("A header field holds a control character.");
    switch (name) {
      case "host":
        if (host !== undefined) throw malformed("There are two Host fields.");
        host = value;
        break;
      case "content-length":
        if (contentLength !== undefined) throw malformed("There are two Content-Length fields.");
        contentLength = digits(value);
        if (contentLength < 0) throw malformed("Content-Length is not a number of bytes.");
        break;
      case "expect":
        expect = expect === undefined ? value.toLowerCase() : "";
        break;
      case "te":
        if (value.toLowerCase() !== "trailers") throw malformed("TE is not `trailers`.");
        break;
      case "trailer":
        break;
      case "cookie":
        regular = Math.max(regular, 1);
        cookies.push(value);
        break;
      default:
        if (ofOneConnection.has(name)) throw malformed("A field belongs to one connection of HTTP/1.1.");
        fields.push(name, value);
    }
  }
  // Browsers send crumbs of one field (RFC 9113, 8.2.3).
  if (cookies.length > 0) fields.push("cookie", cookies.join("; "));
  const asked = methodOf(pseudo, ended);
  if (expect !== undefined && expect !== "100-continue") throw badExpectation();
  const hasBody = !ended && asked.upgrade === undefined && contentLength !== 0;
  const expectsContinue = expect !== undefined && hasBody;
  if (expectsContinue) fields.push("expect", "100-continue");
  if (asked.upgrade) webSocketKey(fields);
  return {
    head: {
      method: asked.method,
      target: targetOf(pseudo, asked.method),
      authority: authorityIn(pseudo, host),
      version: "2",
      fields,
    },
    contentLength,
    upgrade: asked.upgrade,
    expectsContinue,
  };
}

/** What breaks RFC 9113. `why` never quotes what was sent. */
export function malformed(why: string): Fault {
  return new Fault(400, "http.malformed", why, "Send HTTP/2 as RFC 9113 defines it.");
}

function methodOf(
  pseudo: ReadonlyMap<string, string>,
  ended: boolean,
): { readonly method: string; readonly upgrade: "websocket" | undefined } {
  const method = pseudo.get(":method") ?? "";
  const protocol = pseudo.get(":protocol");
  if (!isToken(method)) throw malformed("There is no method.");
  if (method !== "CONNECT") {
    if (protocol !== undefined) throw malformed("A protocol is named without CONNECT.");
    return { method, upgrade: undefined };
  }
  if (protocol === undefined) throw malformed("This is not a proxy that connects to other places.");
  if (protocol !== "websocket" || ended) throw malformed("An extended CONNECT is for WebSocket alone.");
  return { method: "GET", upgrade: "websocket" };
}

function targetOf(pseudo: ReadonlyMap<string, string>, method: string): string {
  const scheme = pseudo.get(":scheme");
  if (scheme !== "http" && scheme !== "https") throw malformed("The scheme is not one of the web.");
  const target = pseudo.get(":path") ?? "";
  const proper = target.startsWith("/") || (target === "*" && method === "OPTIONS");
  if (!proper || !consistsOf(targetBytes, target)) throw malformed("There is no proper path.");
  return target;
}

function authorityIn(pseudo: ReadonlyMap<string, string>, host: string | undefined): string {
  const named = pseudo.get(":authority");
  const authority = authorityOf(named ?? host ?? "");
  if (authority === undefined) throw malformed("The authority is not a host name and a port.");
  if (named !== undefined && host !== undefined && authorityOf(host) !== authority)
    throw malformed("The authority is another host than Host.");
  return authority;
}

/** HTTP/1.1 asks for a key that HTTP/2 does not have (RFC 8441, 5). */
function webSocketKey(fields: string[]): void {
  for (let at = fields.length - 2; at >= 0; at -= 2) {
    if (fields[at] === "sec-websocket-key") fields.splice(at, 2);
  }
  fields.push("sec-websocket-key", randomBytes(16).toString("base64"));
}

const pseudoFields: ReadonlySet<string> = new Set([":method", ":scheme", ":path", ":authority", ":protocol"]);

/** RFC 9113, 8.2.2. */
const ofOneConnection: ReadonlySet<string> = new Set([
  ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings"],
]);

const lowerTokenBytes: Uint8Array = tokenBytes.map((is, byte) => (byte >= 65 && byte <= 90 ? 0 : is));
