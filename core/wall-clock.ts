/** What clocks of one place show at an instant. */
export type WallClock = (at: number) => Shown;

/** `month` from 1. */
export interface Calendar {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

interface Shown extends Calendar {
  /** Milliseconds that these clocks are ahead of UTC. */
  readonly ahead: number;
}

const dayMs = 86_400_000;

/** By its IANA name, or `UTC`; undefined: there is no such zone. */
export function wallClock(zone: string): WallClock | undefined {
  if (zone !== "UTC" && !/^[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+$/.test(zone)) return undefined;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US-u-ca-iso8601-nu-latn", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined;
  }
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const date = { year: of("year"), month: of("month"), day: of("day") };
    const shown = Date.UTC(date.year, date.month - 1, date.day, of("hour"), of("minute"), of("second"));
    return { ...date, ahead: shown - Math.floor(at / 1000) * 1000 };
  };
}

/** When clocks there show so many minutes after that day's midnight; see `spansAround` for what a change of clocks does. */
export function inZone(clock: WallClock, { year, month, day }: Calendar, minutes: number): number {
  const wall = Date.UTC(year, month - 1, day, 0, minutes);
  const [before, after] = [clock(wall - dayMs).ahead, clock(wall + dayMs).ahead];
  const times = [wall - before, wall - after].filter((at) => at + clock(at).ahead === wall);
  return times.length > 0 ? Math.min(...times) : jump(clock, wall - after, wall - before);
}

/** The moment between two at which the clocks change. */
function jump(clock: WallClock, from: number, to: number): number {
  const { ahead } = clock(from);
  let [low, high] = [from, to];
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2);
    if (clock(middle).ahead === ahead) low = middle;
    else high = middle;
  }
  return Math.ceil(low / 1000) * 1000;
}
