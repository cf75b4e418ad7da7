import type { Tunnelling } from "../dialect.ts";
import { fieldOf, type RequestHead, type ResponseHead, without } from "../message.ts";
import { WebSocketTunnel } from "./tunnel.ts";

export { WebSocketFault } from "./fault.ts";
export { closePayload, encodeFrame, opcodes } from "./frame.ts";
export { MessageGatherer } from "./message.ts";
export { FrameReader, type MessagePart, type WebSocketSink } from "./reader.ts";
export { Utf8Check } from "./utf8.ts";

const extensions = new Set(["sec-websocket-extensions"]);

/** Without extensions: what they change of the frames (permessage-deflate) could not be looked into. */
export function withoutExtensions(head: RequestHead): RequestHead {
  return { ...head, fields: without(head.fields, extensions) };
}

export function isWithoutExtensions(head: ResponseHead): boolean {
  return fieldOf(head.fields, "sec-websocket-extensions") === undefined;
}

/** How a WebSocket is carried that somebody looks into (RFC 6455). */
export const webSocket: Tunnelling = {
  head: withoutExtensions,
  agrees: isWithoutExtensions,
  carry: (tunnel) => new WebSocketTunnel(tunnel).carry(),
};
