import { PosternError } from "../../../core/plugin.ts";
import type { BodyLength } from "../exchange.ts";
import { consistsOf, isToken, targetBytes, valueBytes } from "../h1/syntax.ts";
import type { RequestHead } from "../message.ts";

/**
 * A request's head as a stream sends it (RFC 9113, 8.3.1), in its order. `TE: trailers` is said for the gateway, which
 * takes them. Throws PosternError `http.unsafe`.
 */
export function requestFields(head: RequestHead, length: BodyLength, secure: boolean): string[] {
  if (!isToken(head.method)) throw unsafe("method");
  if (head.target === "" || !consistsOf(targetBytes, head.target)) throw unsafe("target");
  const sent = [
    ...[":method", head.method, ":scheme", secure ? "https" : "http"],
    ...[":authority", head.authority, ":path", head.target],
  ];
  for (let at = 0; at < head.fields.length; at += 2) {
    const name = (head.fields[at] as string).toLowerCase();
    const value = head.fields[at + 1] as string;
    if (!isToken(name) || !consistsOf(valueBytes, value)) throw unsafe("fields");
    if (name !== "host" && !ofOneConnection.has(name)) sent.push(name, value);
  }
  if (typeof length === "number") sent.push("content-length", String(length));
  sent.push("te", "trailers");
  return sent;
}

function unsafe(what: string): PosternError {
  return new PosternError(
    "http.unsafe",
    `The gateway was to send a message whose ${what} would break its framing.`,
    { hint: "A credential or a field that the policy adds holds a line end or a control character." },
  );
}

/** RFC 9113, 8.2.2, and what is said here. */
const ofOneConnection: ReadonlySet<string> = new Set([
  ...["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings"],
  ...["te", "trailer", "content-length"],
]);
