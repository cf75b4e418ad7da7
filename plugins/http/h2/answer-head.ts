import type { ServerHttp2Stream, ServerStreamResponseOptions } from "node:http2";
import type { ResponseHead } from "../message.ts";

/**
 * Begins an answer on a stream, its fields as they are given: in their order, without a `Date` of our own. `length`: what
 * `Content-Length` tells; undefined: there is none. Throws where HTTP/2 cannot carry a field, or the stream has gone.
 */
export function sendHead(
  stream: ServerHttp2Stream,
  { status, fields }: ResponseHead,
  length: number | undefined,
  options: ServerStreamResponseOptions = {},
): void {
  const sent = [":status", String(status)];
  for (let at = 0; at < fields.length; at += 2)
    sent.push((fields[at] as string).toLowerCase(), fields[at + 1] as string);
  if (length !== undefined) sent.push("content-length", String(length));
  const bare: ServerStreamResponseOptions & { sendDate: boolean } = { ...options, sendDate: false };
  stream.respond(sent, bare);
}
