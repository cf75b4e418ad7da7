import { type Counter, type Duration, milliseconds, PosternError } from "../../core/plugin.ts";

/** `"100/1m"`: so many operations in so long. */
export type Rate = `${number}/${Duration}`;

export interface Pace {
  readonly count: number;
  /** Milliseconds. */
  readonly per: number;
}

/** Throws PosternError `limit.rate-form` or `policy.duration`. */
export function paceOf(rate: Rate): Pace {
  const slash = rate.indexOf("/");
  const count = Number(rate.slice(0, slash));
  const per = milliseconds(rate.slice(slash + 1) as Duration);
  if (Number.isInteger(count) && count > 0 && per > 0) return { count, per };
  throw new PosternError("limit.rate-form", `"${rate}" is no rate.`, {
    hint: 'Write a whole number and a duration: "100/1m".',
  });
}

/**
 * A leaky bucket: it takes `count` at once and empties evenly over `per`. Returns 0 when this one fits,
 * else the milliseconds until one will.
 */
export function take(bucket: Counter, pace: Pace, now: number): number {
  const drain = pace.count / pace.per;
  const level = Math.max(0, bucket.value - Math.max(0, now - bucket.since) * drain);
  bucket.since = now;
  const fits = level + 1 <= pace.count;
  bucket.value = fits ? level + 1 : level;
  return fits ? 0 : Math.ceil((level + 1 - pace.count) / drain);
}
