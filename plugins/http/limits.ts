import type { Limits } from "../../core/plugin.ts";
import { type CallerLimits, callerLimits } from "./h1/caller.ts";

/** The limits of a caller's connection, by the policy's. */
export function callerLimitsOf({ header, authenticate }: Limits): CallerLimits {
  return { ...callerLimits, header, head: authenticate };
}
