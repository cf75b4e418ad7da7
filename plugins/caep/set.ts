import { errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";

export const algorithms = ["RS256", "PS256", "ES256", "ES384", "EdDSA"] as const;
export type Algorithm = (typeof algorithms)[number];

/** A security event token (RFC 8417) that was verified. */
export interface SecurityEvent {
  readonly id: string;
  /** Epoch milliseconds until which it would be taken for good if it came again. */
  readonly until: number;
  /** Subject identifier (RFC 9493); absent: each event names its own. */
  readonly subject: unknown;
  /** What happened, by the event's URI. */
  readonly events: Readonly<Record<string, unknown>>;
}

export interface SetTerms {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: JWTVerifyGetKey;
  readonly algorithms: readonly Algorithm[];
}

/** RFC 8935, 2.4. */
export type Fault =
  | "invalid_request"
  | "invalid_key"
  | "invalid_issuer"
  | "invalid_audience"
  | "authentication_failed"
  | "access_denied";

/** What is sent is not accepted; `message` is for the operator. */
export class SetRefused extends Error {
  override readonly name = "SetRefused";
  constructor(
    readonly fault: Fault,
    message: string,
  ) {
    super(message);
  }
}

/** A transmitter tries for days to deliver what nobody took. */
const oldest = 7 * 24 * 3_600_000;
/** How far its clock may be ahead, in milliseconds. */
const skew = 60_000;
/** Characters. */
const longest = 64 * 1024;

/** Throws SetRefused; anything else it throws is no fault of the token. */
export async function verifySet(token: string, terms: SetTerms): Promise<SecurityEvent> {
  if (token.length > longest) throw new SetRefused("invalid_request", "the token is too long");
  const payload = await verified(token, terms);
  const { jti, iat = 0, events, sub_id: subject } = payload;
  if (typeof jti !== "string" || jti === "") throw new SetRefused("invalid_request", "the token has no jti");
  const age = Date.now() - iat * 1000;
  if (!(age > -skew)) throw new SetRefused("invalid_request", "the token is of the future");
  if (age > oldest) throw new SetRefused("invalid_request", "the token is older than a week");
  if (
    typeof events !== "object" ||
    events === null ||
    Array.isArray(events) ||
    Object.keys(events).length === 0
  ) {
    throw new SetRefused("invalid_request", "the token tells of no event");
  }
  const until = iat * 1000 + oldest + skew;
  return { id: jti, until, subject, events: events as Record<string, unknown> };
}

async function verified(
  token: string,
  { keys, issuer, audience, algorithms }: SetTerms,
): Promise<JWTPayload> {
  try {
    const checks = { issuer, audience, algorithms: [...algorithms], typ: "secevent+jwt" };
    const requiredClaims = ["iat", "jti", "events"];
    return (await jwtVerify(token, keys, { ...checks, requiredClaims, clockTolerance: skew / 1000 })).payload;
  } catch (error) {
    throw faultOf(error) ?? error;
  }
}

/** undefined: it could not be judged, since the keys are out of reach. */
function faultOf(error: unknown): SetRefused | undefined {
  if (error instanceof errors.JWTClaimValidationFailed) {
    const faults: Readonly<Record<string, Fault>> = { iss: "invalid_issuer", aud: "invalid_audience" };
    return new SetRefused(faults[error.claim] ?? "invalid_request", error.message);
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed) {
    return new SetRefused("invalid_key", error.message);
  }
  const own = [
    ...[errors.JWSInvalid, errors.JWTInvalid, errors.JWTExpired, errors.JOSEAlgNotAllowed],
    ...[errors.JOSENotSupported, errors.JWKSMultipleMatchingKeys],
  ];
  return own.some((kind) => error instanceof kind)
    ? new SetRefused("invalid_request", error instanceof Error ? error.message : "no token")
    : undefined;
}
