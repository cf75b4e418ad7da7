import { type Duration, milliseconds } from "../duration.ts";
import { PosternError } from "../error.ts";

/** `2026-11-21 20:21:01`, in UTC as the trail. */
export function moment(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

/** `850ms`, `12s`, `4m 10s`, `3h 2m`, `5d 1h`. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
  const seconds = Math.floor(ms / 1_000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(" ");
}

/** Epoch milliseconds of `15m` (ago) or of a date. Throws PosternError `cli.usage`. */
export function past(text: string, now = Date.now()): number {
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text)) return now - milliseconds(text as Duration);
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  throw new PosternError("cli.usage", `"${text}" is no point in time.`, {
    hint: 'Write how long ago ("30m", "2d") or a date ("2026-11-21T20:00Z").',
  });
}

/** Milliseconds of `15m`. Throws PosternError `cli.usage`. */
export function life(text: string): number {
  try {
    return milliseconds(text as Duration);
  } catch (error) {
    throw error instanceof PosternError ? new PosternError("cli.usage", error.message, error.more) : error;
  }
}
