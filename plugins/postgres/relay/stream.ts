import { type Cursor, PosternError } from "../../../core/plugin.ts";
import type { Exchange } from "./exchange.ts";
import { violation } from "./framing.ts";
import { Intake } from "./intake.ts";
import { QueryRun } from "./named.ts";
import { runOf } from "./results.ts";

/**
 * The answer to START_REPLICATION: data both ways until both sides have ended it (PostgreSQL 18, "COPY Operations",
 * copy-both mode). It may go on for months, so that each piece of it is sent only while the policy still allows it.
 */
export class Streams {
  constructor(readonly exchange: Exchange) {}

  /** CopyBothResponse. */
  begins(cursor: Cursor, length: number): void {
    const { exchange } = this;
    if (exchange.copy !== "asked" || !this.#run().statement.detail.copyBoth) {
      throw violation("The server replicates what nobody asked for.");
    }
    exchange.copy = "both";
    exchange.intake = new Intake(exchange.owed.pass?.answer);
    cursor.forward(length);
    exchange.go("copy");
  }

  /** CopyData from the server. */
  data(cursor: Cursor, length: number): void {
    this.goesOn();
    const size = runOf(cursor, length) - cursor.at;
    this.#run().streamed += size;
    cursor.forward(size);
  }

  /** Throws PosternError `policy.withdrawn`. */
  goesOn(): void {
    const { verdict } = this.exchange.services.gate.plan(this.#run().statement);
    if (typeof verdict !== "object") return;
    const { message, ...more } = verdict.deny;
    throw new PosternError(
      "policy.withdrawn",
      `The policy changed and no longer allows this: ${message}.`,
      more,
    );
  }

  #run(): QueryRun {
    const { subject } = this.exchange.owed;
    if (subject instanceof QueryRun) return subject;
    throw violation("Replicated data of no command.");
  }
}
