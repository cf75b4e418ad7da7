import { PosternError } from "../../../core/plugin.ts";

/** A body, or the rest of it, that a guardrail has to see and cannot. `why`: a clause, without anything of the body. */
export function withheld(why: string, cause?: unknown): PosternError {
  return new PosternError("answer.withheld", `A guardrail must see the body of this answer, and ${why}.`, {
    hint: "Ask for JSON or text in UTF-8, or ask the operator for a rule without a mask, or to list the type under `opaque`.",
    ...(cause === undefined ? {} : { cause }),
  });
}
