import { PosternError } from "./error.ts";

/** `"15m"`, `"500ms"`, `"2h"`: a misspelled one is a compile error. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds. Throws PosternError `policy.duration` for what the type could not refuse (`-1s`, `""`). */
export function milliseconds(duration: Duration): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration);
  if (!match) {
    throw new PosternError("policy.duration", `"${duration}" is no duration.`, {
      hint: 'Write a number and a unit: "500ms", "30s", "15m", "2h", "1d".',
    });
  }
  return Number(match[1]) * units[match[2] as keyof typeof units];
}

/** In the largest unit that leaves no fraction: `"90m"`. */
export function durationText(ms: number): Duration {
  const whole = Object.entries(units).filter(([, size]) => ms >= size && ms % size === 0);
  const [unit, size] = whole.at(-1) ?? ["ms", 1];
  return `${ms / size}${unit as keyof typeof units}`;
}
