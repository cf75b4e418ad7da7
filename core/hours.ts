import { PosternError } from "./error.ts";
import { inZone, type WallClock, wallClock } from "./wall-clock.ts";

/**
 * Windows of the week by the wall clock of one place: `Mon-Fri 09:00-17:00 Europe/Berlin`; several are separated by
 * `, `: `Mon-Thu 09:00-17:00, Fri 09:00-13:00 UTC`. One that ends before it begins goes over midnight.
 */
export type HoursText = `${string}:${string}-${string}:${string} ${string}`;

export interface Hours {
  /** As it was written. */
  readonly label: string;
  open(at: number): boolean;
  /** Epoch milliseconds after `at` when it opens or closes next. */
  changes(at: number): number;
}

interface Window {
  /** Days on which it begins; 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes of the day; `end` beyond 1440 is on the next one. */
  readonly start: number;
  readonly end: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const day = 1_440;
/** Days looked at: a window of yesterday may still be open, and the next one begins within a week. */
const [back, ahead] = [-2, 8];

/** Throws PosternError `policy.hours-written`. */
export function hoursOf(text: string): Hours {
  const [, written = "", zone = ""] = /^(.*\d)\s+(\S+)$/.exec(text.trim()) ?? [];
  const clock = written === "" ? undefined : wallClock(zone);
  if (!clock) throw wrong(text, `"${zone}" is no IANA time zone`);
  const windows = written.split(/\s*,\s+/).map((one) => windowOf(one, text));
  let known: Span & { readonly open: boolean } = { from: 0, to: 0, open: false };
  const stateAt = (at: number) => {
    if (at < known.from || at >= known.to) known = stateIn(spansAround(windows, clock, at), at);
    return known;
  };
  return {
    label: text,
    open: (at) => stateAt(at).open,
    changes: (at) => stateAt(at).to,
  };
}

/** A window begins at least once a week, so there is always a next change. */
function stateIn(spans: readonly Span[], at: number): Span & { readonly open: boolean } {
  const next = spans.find(({ to }) => at < to);
  if (!next) throw new Error("These hours never come again.");
  return at < next.from ? { from: at, to: next.from, open: false } : { from: at, to: next.to, open: true };
}

/** In order; those that touch are one. A time that a change of clocks skips is the moment of the change, one that comes twice the first. */
function spansAround(windows: readonly Window[], clock: WallClock, at: number): Span[] {
  const today = clock(at);
  const spans: Span[] = [];
  for (let offset = back; offset <= ahead; offset++) {
    const date = { year: today.year, month: today.month, day: today.day + offset };
    const weekday = new Date(Date.UTC(date.year, date.month - 1, date.day)).getUTCDay();
    for (const { days, start, end } of windows) {
      if (!days.has(weekday)) continue;
      spans.push({ from: inZone(clock, date, start), to: inZone(clock, date, end) });
    }
  }
  return joined(spans.filter(({ from, to }) => from < to).sort((one, other) => one.from - other.from));
}

function joined(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const span of spans) {
    const last = all.at(-1);
    if (last && span.from <= last.to)
      all[all.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else all.push(span);
  }
  return all;
}

function windowOf(written: string, text: string): Window {
  const match = /^(?:(\S+)\s+)?(\d{2}):(\d{2})-(\d{2}):(\d{2})$/.exec(written);
  if (!match) throw wrong(text, `"${written}" is no window of time`);
  const [, days, ...times] = match;
  const [hour = 0, minute = 0, endHour = 0, endMinute = 0] = times.map(Number);
  const [start, end] = [hour * 60 + minute, endHour * 60 + endMinute];
  if (minute > 59 || endMinute > 59 || start >= day || end > day || start === end)
    throw wrong(text, `"${written}" is no window of time`);
  const on =
    days === undefined ? names.map((_, at) => at) : days.split(",").flatMap((part) => daysOf(part, text));
  return { days: new Set(on), start, end: end < start ? end + day : end };
}

function daysOf(part: string, text: string): number[] {
  const [first, last] = part.split("-").map((name) => names.indexOf(name));
  if (first === undefined || first < 0 || last === -1 || part.split("-").length > 2)
    throw wrong(text, `"${part}" is no day of the week`);
  const count = ((last ?? first) - first + 7) % 7;
  return Array.from({ length: count + 1 }, (_, at) => (first + at) % 7);
}

function wrong(text: string, why: string): PosternError {
  return new PosternError("policy.hours-written", `"${text}" says no hours: ${why}.`, {
    hint: 'Write "Mon-Fri 09:00-17:00 Europe/Berlin", several windows separated by ", ".',
  });
}
