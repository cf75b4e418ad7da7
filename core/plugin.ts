/** The contract between core and plugins: everything a plugin author needs, in one import. */

export type { Adopter } from "./adopt.ts";
export { AnswerStream } from "./answer-stream.ts";
export type { Again, KnownClient } from "./cli/connect/known.ts";
export { toldOf } from "./cli/connect/told.ts";
export { blockOf, comesFrom } from "./credential/block.ts";
export { byPassword } from "./credential/password.ts";
export { scramVerifier } from "./credential/scram.ts";
export {
  type CredentialRequest,
  type CredentialSource,
  type HeldLease,
  isSource,
  type Lease,
  type ResourceCredential,
} from "./credential/source.ts";
export { writeDecimal } from "./decimal.ts";
export { DuplexWire } from "./duplex-wire.ts";
export { type Duration, milliseconds } from "./duration.ts";
export type { Ended, Ending, EndingWish } from "./ending.ts";
export { PosternError } from "./error.ts";
export { ESC, isString, sequenceEnd } from "./escape.ts";
export type { Bypass, Examined, HandedOut, RuledSessions } from "./examined.ts";
export type { Examination, Finding } from "./finding.ts";
export type { Denial, EndListener, Execution, Gate, HeldOperation, Pass, Plan } from "./gate.ts";
export type {
  Answer,
  Chunk,
  Column,
  Counter,
  Deadline,
  GuardedSession,
  Guardrail,
  HoldRequest,
  IntakeLimit,
  Kind,
  Origin,
  Recording,
  RowFilter,
  TextSource,
  Verdict,
  Watch,
} from "./guardrail.ts";
export { claimedIssuer } from "./identity/claimed.ts";
export { beginDeviceLogin, type DeviceLogin } from "./identity/device-login.ts";
export {
  type CodeLogin,
  challengeOf,
  LoginCodes,
  randomSecret,
  type ShownCode,
  sameText,
} from "./identity/login-codes.ts";
export { signingKey } from "./identity/signing-key.ts";
export {
  type CallerCredential,
  type Identity,
  type IdentityContext,
  type IdentityProvider,
  identityKey,
  identityLabel,
  type KeyOffer,
  type MintRequest,
  NotAccepted,
  type OpenIdentityProvider,
  type ScramVerifier,
  type TokenDiscovery,
} from "./identity.ts";
export { KeptOnce } from "./kept-once.ts";
export { isLoopback } from "./loopback.ts";
export {
  type Notice,
  type NoticeData,
  type NoticeType,
  type Notifier,
  noticeTypes,
  type OpenNotifier,
} from "./notifier.ts";
export {
  type Action,
  type Classified,
  type Denied,
  type Effect,
  effects,
  nothing,
  type Operation,
  type Outcome,
  type Parameters,
  type Reason,
  type Statement,
  type Stored,
} from "./operation.ts";
export { oneOf, onlyKnown } from "./option.ts";
export type { Permit } from "./permit.ts";
export { onlyReads } from "./policy/allowance.ts";
export { targetMatcher } from "./policy/target.ts";
export type { Limits, Right } from "./policy.ts";
export type {
  Arrival,
  BrowserDoor,
  Carrier,
  ClientAccess,
  ClientLaunch,
  ConnectionProtocol,
  Dialed,
  Door,
  Link,
  ListenerInfo,
  Protocol,
  Reach,
  Recorded,
  Replay,
  RequestDoor,
  RequestProtocol,
  Resource,
  TerminalEvent,
  Visit,
} from "./protocol.ts";
export { type Codec, type Cursor, Pump } from "./pump.ts";
export { Beginning } from "./recording/beginning.ts";
export { channelReplay } from "./recording/channel-replay.ts";
export {
  type ChannelEvent,
  encodeEvent,
  encodeExit,
  encodeFrame,
  encodeResize,
  type FrameType,
  frameHeaderBytes,
  frameTypes,
  writeFrameAt,
} from "./recording/frames.ts";
export { Typed } from "./recording/typed.ts";
export { typedOn } from "./recording/typed-on.ts";
export type { Secret } from "./secret.ts";
export { ShortLived } from "./short-lived.ts";
export { bytesOf, type Size } from "./size.ts";
export { connectWire } from "./socket.ts";
export { TlsClient, type TlsVerification } from "./tls/client.ts";
export { clientContext } from "./tls/client-context.ts";
export { type ContextFiles, readContext, type SecureContext } from "./tls/files.ts";
export { endPoint, TlsLink } from "./tls/link.ts";
export type { Visiting } from "./visiting.ts";
export type {
  BrowserSignIn,
  LoginMethod,
  OpenSignalSource,
  SignalSource,
  WebFace,
  WebRecords,
  WebTools,
} from "./web.ts";
export type { Who } from "./who.ts";
export type { Wire, WireSink } from "./wire.ts";
export { WireStream } from "./wire-stream.ts";
