import type { Limits } from "../../core/plugin.ts";
import { type CallerLimits, callerLimits } from "./h1/caller.ts";

/** The limits of a caller's connection, by the policy's. */
export function callerLimitsOf({ header, authenticate }: Limits): CallerLimits {
  return { ...callerLimits, header, head: authenticate };
}

/** Bytes of a body that a dialect may ask to read before it can tell what the request does. */
export const longestRead = 4 * 1024 * 1024;
/** Readings of one request: each may ask for one more. */
export const mostReadings = 4;
