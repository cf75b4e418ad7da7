import { BoundedMap, ownText } from "../bounded-map.ts";
import type { BodyLength } from "../exchange.ts";
import { type Fields, type RequestHead, without } from "../message.ts";
import { authorityOf } from "./authority.ts";
import { badExpectation, malformed } from "./fault.ts";
import { readFields } from "./fields.ts";
import { FramingFields } from "./framing-fields.ts";
import { consistsOf, isToken, targetBytes } from "./syntax.ts";

/** A request's head, and what it says about its connection. */
export interface ParsedRequest {
  readonly head: RequestHead;
  readonly about: RequestFields;
}

/** What the fields of a head say, whatever its first line. Nothing in it changes: heads with the same fields share it. */
export interface RequestFields {
  readonly version: "1.0" | "1.1";
  /** Without those of one hop. */
  readonly fields: Fields;
  /** `Host`, in lower case. */
  readonly authority: string | undefined;
  readonly length: BodyLength;
  /** The connection goes on after the answer. */
  readonly persistent: boolean;
  readonly upgrade: string | undefined;
  readonly expectsContinue: boolean;
  /** HTTP2-Settings of a request that asks to turn to HTTP/2 in clear (RFC 7540, 3.2). */
  readonly http2Settings: string | undefined;
}

/** `line`: the first one; `fields`: those behind it, without the last line end. A character a byte. Throws Fault. */
export function parseRequest(line: string, fields: string): ParsedRequest {
  const read = readLine(line);
  return requestOf(read, readRequestFields(fields, read.version));
}

/** A request's first line. */
export interface RequestLine {
  readonly method: string;
  /** As it was sent. */
  readonly target: string;
  readonly version: "1.0" | "1.1";
}

/** Throws Fault. */
export function readLine(line: string): RequestLine {
  return known.get(line) ?? known.set(line, lineOf(line));
}

/** The same, where it has been read before. */
export function knownLine(line: string): RequestLine | undefined {
  return known.get(line);
}

/** Characters of the longest first line that is known again. */
export const longestKnown = 1024;

/** Clients ask for the same things again; what is found out of a target is then known by the same text. */
const known = new BoundedMap<RequestLine>(4096, longestKnown);

function lineOf(line: string): RequestLine {
  const first = line.indexOf(" ");
  const method = line.slice(0, Math.max(first, 0));
  const version = versionOf(line);
  const target = line.slice(first + 1, -9);
  if (!isToken(method) || version === undefined) throw malformed("The request line is not one of HTTP/1.1.");
  if (target === "" || !consistsOf(targetBytes, target)) {
    throw malformed("The request's target holds what belongs into no target.");
  }
  // Others keep the target, and a part of a long text would keep all of that.
  return { method, target: line.length > longestKnown ? ownText(target) : target, version };
}

/** `text`: the lines behind the first one. Throws Fault. */
export function readRequestFields(text: string, version: "1.0" | "1.1"): RequestFields {
  const framing = new FramingFields();
  const fields = readFields(text, 0, framing);
  framing.check(version);
  const authority = hostOf(framing, version);
  const length = framing.chunked ? "chunked" : (framing.contentLength ?? "none");
  const hasBody = length !== "none" && length !== 0;
  // HTTP/1.0 has neither; and a body would have to be read before the connection can turn into anything.
  const upgrade = version === "1.1" && !hasBody ? framing.upgrade : undefined;
  const expectsContinue = version === "1.1" && framing.expect !== undefined;
  if (expectsContinue && framing.expect !== "100-continue") throw badExpectation();
  if (expectsContinue && hasBody) fields.push("Expect", "100-continue");
  return {
    version,
    fields: framing.nominated ? without(fields, framing.nominated) : fields,
    authority,
    length,
    persistent: framing.persistent(version),
    // Never handed on by its name: who turns to HTTP/2 behind the gateway is no longer seen by it.
    upgrade: upgrade === "h2c" ? undefined : upgrade,
    expectsContinue: expectsContinue && hasBody,
    http2Settings: upgrade === "h2c" && framing.has("http2-settings") ? framing.http2Settings : undefined,
  };
}

/** Throws Fault where the first line and the fields do not go together. */
export function requestOf(
  { method, target: sent, version }: RequestLine,
  about: RequestFields,
): ParsedRequest {
  const { authority, fields } = about;
  // A path, as nearly always: it names no host of its own.
  if (sent.charCodeAt(0) === slash && method !== "CONNECT") {
    return { head: { method, target: sent, authority: authority ?? "", version, fields }, about };
  }
  const target = originForm(method, sent, authority);
  return {
    head: { method, target: target.path, authority: authority ?? target.authority ?? "", version, fields },
    about,
  };
}

const slash = 47;

/** The version that a first line ends in. */
export function versionOf(line: string): "1.0" | "1.1" | undefined {
  if (line.endsWith(" HTTP/1.1")) return "1.1";
  return line.endsWith(" HTTP/1.0") ? "1.0" : undefined;
}

function hostOf(framing: FramingFields, version: "1.0" | "1.1"): string | undefined {
  if (framing.host === undefined) {
    if (version === "1.1") throw malformed("There is no Host field.");
    return undefined;
  }
  const authority = authorityOf(framing.host);
  if (authority === undefined) throw malformed("Host is not a host name and a port.");
  return authority;
}

/** Path and query of a target that is no path (RFC 9112, 3.2). */
function originForm(
  method: string,
  sent: string,
  host: string | undefined,
): { readonly path: string; readonly authority?: string } {
  if (method === "CONNECT") throw malformed("This is not a proxy that connects to other places.");
  if (sent === "*" && method === "OPTIONS") return { path: sent };
  const [, named = "", rest = ""] = absolute.exec(sent) ?? [];
  const authority = authorityOf(named);
  if (authority === undefined)
    throw malformed("The request's target is neither a path nor a URL of the web.");
  if (host !== undefined && host !== authority) throw malformed("The target names another host than Host.");
  if (rest === "") return { path: method === "OPTIONS" ? "*" : "/", authority };
  return { path: rest.startsWith("?") ? `/${rest}` : rest, authority };
}

const absolute = /^https?:\/\/([^/?]+)(.*)$/i;
