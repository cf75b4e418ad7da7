import { PosternError } from "../../../core/plugin.ts";
import { BoundedMap, ownText } from "../bounded-map.ts";
import type { BodyLength } from "../exchange.ts";
import { type Fields, fieldsOf, longestMethod, type RequestHead, type ResponseHead } from "../message.ts";
import { consistsOf, isToken, targetBytes, valueBytes } from "./syntax.ts";

/** How an answer's connection goes on: `keep-alive` is said only to HTTP/1.0. */
export type Going = "close" | "keep-alive" | undefined;

/**
 * An answer's head with the fields that frame it, a character a byte. `length`: as the head tells it; undefined where
 * it tells none. Throws PosternError `http.unsafe`, as all of this file does where a value could end its line.
 */
export function responseText(head: ResponseHead, length: BodyLength | undefined, going: Going): string {
  let text = `${statusLine(head)}${lines(head.fields)}${lengthLine(length)}`;
  if (going !== undefined) text += `Connection: ${going}\r\n`;
  return `${text}\r\n`;
}

/** 101. `upgrade`: what the connection carries from now on. */
export function switchText(head: ResponseHead, upgrade: string): string {
  return `${statusLine({ ...head, status: 101 })}${lines(head.fields)}${upgradeLines(upgrade)}\r\n`;
}

/** A request's head. A method that has a body by its meaning is given the length of an empty one. */
export function requestText(head: RequestHead, length: BodyLength, upgrade: string | undefined): string {
  checkLine(head);
  const told = length === "none" && bodied.has(head.method) ? 0 : length === "none" ? undefined : length;
  return (
    `${head.method} ${head.target} HTTP/1.1\r\n${requestLines(head)}` +
    `${lengthLine(told)}${upgrade === undefined ? "" : upgradeLines(upgrade)}\r\n`
  );
}

function checkLine({ method, target }: RequestHead): void {
  if (!isToken(method)) throw unsafe("method");
  if (!consistsOf(targetBytes, target) || target === "") throw unsafe("target");
}

/**
 * Writes the head of a request without a body as `requestText` has it; where it ends. -1: it is for `requestText`, as
 * these fields were not sent before, or there is no room.
 */
export function writeRequest(into: Buffer, head: RequestHead): number {
  const lines = sentLines.get(head.fields)?.bytes;
  if (lines === undefined || bodied.has(head.method)) return -1;
  const line = requestLine(head);
  const at = line.length;
  if (at + lines.length > into.length) return -1;
  into.set(line, 0);
  into.set(lines, at);
  return at + lines.length;
}

interface KnownLine {
  readonly method: string;
  readonly bytes: Uint8Array;
}

/** First lines by target: clients ask for the same things again, mostly in the same way. */
const knownLines = new BoundedMap<KnownLine>(4096, 1024);

function requestLine(head: RequestHead): Uint8Array {
  const { method, target } = head;
  const known = knownLines.get(target);
  if (known?.method === method) return known.bytes;
  checkLine(head);
  // Memory of its own: it is kept.
  const bytes = new TextEncoder().encode(`${method} ${target} HTTP/1.1\r\n`);
  // The map looks at the target alone, and a method may be as long as a head.
  if (method.length > longestMethod) return bytes;
  return knownLines.set(target, { method, bytes }).bytes;
}

/** Of fields that were sent before: a connection's requests share theirs. `bytes`: with the empty line behind them. */
const sentLines = new WeakMap<Fields, { readonly text: string; readonly bytes: Buffer }>();

function requestLines({ fields, authority }: RequestHead): string {
  const known = sentLines.get(fields);
  if (known !== undefined) return known.text;
  const hosts = fieldsOf(fields, "host").length;
  if (hosts > 1) throw unsafe("Host");
  if (hosts === 0) return lines(["Host", authority, ...fields]);
  const text = lines(fields);
  sentLines.set(fields, { text, bytes: Buffer.from(`${text}\r\n`, "latin1") });
  return text;
}

/** The end of a chunked body. */
export function lastChunk(trailers: Fields): string {
  return `0\r\n${lines(trailers)}\r\n`;
}

function statusLine({ status, reason }: ResponseHead): string {
  if (!Number.isInteger(status) || status < 100 || status > 999) throw unsafe("status");
  if (!consistsOf(valueBytes, reason)) throw unsafe("reason phrase");
  return `HTTP/1.1 ${status} ${reason}\r\n`;
}

function lines(fields: Fields): string {
  let text = "";
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    if (safe.get(name) === undefined) checkName(name);
    if (!consistsOf(valueBytes, value)) throw unsafe(name);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

/** Names that are tokens and frame nothing. */
const safe = new BoundedMap<true>(1024, 64);

function checkName(name: string): void {
  if (!isToken(name)) throw unsafe("field name");
  if (framingNames.test(name)) throw unsafe(name);
  safe.set(ownText(name), true);
}

function lengthLine(length: BodyLength | undefined): string {
  if (length === undefined || length === "none") return "";
  return length === "chunked" ? "Transfer-Encoding: chunked\r\n" : `Content-Length: ${length}\r\n`;
}

function upgradeLines(upgrade: string): string {
  if (!consistsOf(valueBytes, upgrade)) throw unsafe("Upgrade");
  return `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
}

function unsafe(what: string): PosternError {
  return new PosternError(
    "http.unsafe",
    `The gateway was to send a message whose ${what} would break its framing.`,
    {
      hint: "A credential or a field that the policy adds holds a line end or a control character.",
    },
  );
}

const framingNames = /^(content-length|transfer-encoding|connection|upgrade)$/i;

/** RFC 9110, 8.6. */
const bodied: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);
