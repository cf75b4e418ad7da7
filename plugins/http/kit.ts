/** What a protocol on top of HTTP builds on: the one file of this plugin that another one imports. */

export { looksAtBodies } from "./body/index.ts";
export { checkTarget, type HttpTarget } from "./config.ts";
export { Renewed } from "./credentials/renewed.ts";
export type {
  Asked,
  Dialect,
  GatheredAnswer,
  Malformed,
  Reading,
  ReadingTools,
  Refusal,
  Tunnel,
  Tunnelling,
  Whose,
} from "./dialect.ts";
export { type Fields, fieldOf, fieldsOf, type RequestHead, type ResponseHead, without } from "./message.ts";
export { webProtocol } from "./protocol.ts";
export { HttpReach } from "./reach/reach.ts";
export { titles } from "./refusal.ts";
export { askedOfResource } from "./relay/ask.ts";
export { across, Ends, type Side } from "./relay/ends.ts";
export { Intake } from "./relay/intake.ts";
export { splice } from "./relay/splice.ts";
export {
  closePayload,
  encodeFrame,
  FrameReader,
  isWithoutExtensions,
  MessageGatherer,
  opcodes,
  Utf8Check,
  webSocket,
  withoutExtensions,
} from "./websocket/index.ts";
