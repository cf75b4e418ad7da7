import type { Denial, Pass } from "./gate.ts";
import type { Answer } from "./guardrail.ts";
import type { Outcome, Reason } from "./operation.ts";
import type { Session } from "./session.ts";

/** An operation that may go to the resource, until its outcome is written. */
export class OpenPass implements Pass {
  #over = false;

  constructor(
    readonly session: Session,
    readonly seq: number,
    readonly answer: Answer | undefined,
    /** performance.now() of its entry. */
    readonly began: number,
  ) {
    session.operations++;
    session.inFlight++;
  }

  ready(): Promise<void> | undefined {
    const { trail } = this.session;
    if (!trail.strict) return undefined;
    return trail.durable(this.seq)?.catch(() => {
      this.session.end({
        code: "trail.late",
        message: "The answer could not be made durable in the trail in time, so it is not shown.",
        hint: "The gateway's disk is slow or full; the operator's log says more.",
      });
      // The session is ending; the answer must not leave while it does.
      return new Promise<never>(() => {});
    });
  }

  end(outcome: Outcome): void {
    if (this.#over) return;
    this.#over = true;
    this.session.inFlight--;
    this.session.lastActive = Date.now();
    try {
      this.answer?.end?.(outcome);
      const now = performance.now();
      const ms = Math.round((now - this.began) * 1000) / 1000;
      const { id, trail } = this.session;
      trail.append({ kind: "outcome", session: id, op: this.seq, outcome, ms }, false, now);
    } catch {
      this.session.end({
        code: "trail.unavailable",
        message: "The outcome of an operation could not be recorded, so the session ends.",
      });
    }
  }

  /** It was admitted and could not be sent after all. */
  never(reason: Reason): Denial {
    this.end({ result: "cancelled", code: reason.code });
    return { deny: reason };
  }
}
