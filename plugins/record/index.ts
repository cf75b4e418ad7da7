import {
  bytesOf,
  type GuardedSession,
  type Guardrail,
  oneOf,
  onlyKnown,
  type Recording,
  type Size,
  type Watch,
} from "../../core/plugin.ts";
import { eventOf } from "./event.ts";
import { Operations } from "./operations.ts";
import { redactLiterals } from "./redact.ts";

export interface RecordOptions {
  /** `redact`: trail and recording keep statements without numbers and quoted text, and no parameters. */
  readonly statements?: "clear" | "redact";
  /** `keep`: the first characters of requests' bodies (HTTP) too. Default `hash`: their size and SHA-256. */
  readonly bodies?: "hash" | "keep";
  /** How much is kept of what the caller saw in one session. */
  readonly answers?: "all" | "none" | Size;
}

/**
 * Keeps what a session asked and what its caller saw, for `postern sessions replay`. Put it outermost:
 *
 *     always: [record()]
 *
 * Throws PosternError `policy.size`, `policy.option`.
 */
export function record(options: RecordOptions = {}): Guardrail<"operation" | "wire"> {
  onlyKnown<RecordOptions>("record", options, { statements: true, answers: true, bodies: true });
  const { statements = "clear", answers = "all", bodies = "hash" } = options;
  const whole = oneOf("way to keep bodies", bodies, ["hash", "keep"]) === "keep";
  const kept = answers === "all" ? Number.POSITIVE_INFINITY : answers === "none" ? 0 : bytesOf(answers);
  const redact =
    oneOf("way to keep statements", statements, ["clear", "redact"]) === "redact"
      ? redactLiterals
      : undefined;
  const operations = new Operations(redact, whole);
  return {
    name: "record",
    needs: kept > 0 ? ["operation", "wire"] : ["operation"],
    ...(redact ? { redact } : {}),
    open: (session) => open(session, kept, operations),
  };
}

function open(session: GuardedSession, kept: number, operations: Operations): Watch {
  const recording = session.recording();
  const { redact, bodies } = operations;
  return {
    operation(operation) {
      const waits = operations.write(recording, operation);
      return waits ? waits.then(() => "allow" as const) : "allow";
    },
    refused(operation, reason) {
      void recording.event("operation", { ...eventOf(operation, redact, bodies), refused: reason.code });
    },
    ...(kept > 0 ? { wire: keeper(recording, kept) } : {}),
  };
}

function keeper(recording: Recording, kept: number): (bytes: Uint8Array) => void | Promise<void> {
  let left = kept;
  return (bytes) => {
    if (left <= 0) return;
    left -= bytes.length;
    if (left >= 0) return recording.bytes(bytes);
    const written = recording.bytes(bytes.subarray(0, bytes.length + left));
    const cut = recording.event("cut", { after: kept });
    return written && cut ? Promise.all([written, cut]).then(() => {}) : (written ?? cut);
  };
}
