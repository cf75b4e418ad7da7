import type { Reason } from "./operation.ts";

/** An error with a stable code (docs/errors.md) whose message may be shown to whoever caused it. */
export class PosternError extends Error {
  override readonly name = "PosternError";
  constructor(
    readonly code: string,
    message: string,
    readonly more: {
      readonly hint?: string;
      readonly rule?: string;
      readonly cause?: unknown;
      /** What the operator has to do about it: the log warns with it. Never shown to the caller. */
      readonly todo?: string;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
  }
  get reason(): Reason {
    const { hint, rule } = this.more;
    return {
      code: this.code,
      message: this.message,
      ...(rule === undefined ? {} : { rule }),
      ...(hint === undefined ? {} : { hint }),
    };
  }
}
