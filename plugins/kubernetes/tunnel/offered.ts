import { type Fields, fieldsOf, without } from "../../http/kit.ts";

/** A bearer token that a browser's script offers as a subprotocol: the caller's own, which no cluster gets. */
const bearer = /^base64url\.bearer\.authorization\.k8s\.io\./i;

/** Protocols that the caller offers under this field, which may be there more than once. */
export function offeredIn(fields: Fields, name: string): string[] {
  return fieldsOf(fields, name)
    .flatMap((value) => value.split(","))
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

/** The fields with those offers alone that `keeps`, and never a credential. */
export function offering(fields: Fields, name: string, keeps: (protocol: string) => boolean): Fields {
  const kept = offeredIn(fields, name).filter((each) => !bearer.test(each) && keeps(each));
  const others = without(fields, new Set([name]));
  if (kept.length === 0) return others;
  // Go's servers of SPDY read a field a protocol, and WebSocket's a list.
  if (name === webSocketField) return [...others, "Sec-WebSocket-Protocol", kept.join(", ")];
  return [...others, ...kept.flatMap((each) => ["X-Stream-Protocol-Version", each])];
}

export const webSocketField = "sec-websocket-protocol";
export const spdyField = "x-stream-protocol-version";
