import type { IntakeLimit } from "../../../core/plugin.ts";
import { asError } from "../connection.ts";

/** What a caller may send in the course of one tunnel. */
export class Intake {
  #bytes = 0;

  constructor(readonly limit: IntakeLimit | undefined) {}

  /** Throws the limit's reason. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.limit && this.#bytes > this.limit.most) throw asError(this.limit.reason);
  }
}
