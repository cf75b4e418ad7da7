/** Days from 1970-01-01 to 2000-01-01, which PostgreSQL counts from. */
const epochDays = 10_957;
const dayMicroseconds = 86_400_000_000n;
const forever = { date: 0x7fffffff, past: -0x80000000 } as const;
const foreverMicroseconds = { future: 0x7fffffffffffffffn, past: -0x8000000000000000n } as const;

/** int4: days since 2000-01-01. */
export function dateText(value: Buffer): string {
  const days = value.readInt32BE();
  if (days === forever.date) return "infinity";
  if (days === forever.past) return "-infinity";
  const { date, era } = civil(days);
  return date + era;
}

/** int8: microseconds since midnight. */
export function timeText(value: Buffer): string {
  return clock(value.readBigInt64BE());
}

/** The same, then int4: seconds west of Greenwich. */
export function timetzText(value: Buffer): string {
  const west = value.readInt32BE(8);
  const away = Math.abs(west);
  const parts = [Math.trunc(away / 3600), Math.trunc(away / 60) % 60, away % 60];
  while (parts.length > 1 && parts.at(-1) === 0) parts.pop();
  return `${clock(value.readBigInt64BE())}${west > 0 ? "-" : "+"}${parts.map(two).join(":")}`;
}

/** int8: microseconds since 2000-01-01. */
export function timestampText(value: Buffer): string {
  return stamp(value, "");
}

/** The same, in UTC. */
export function timestamptzText(value: Buffer): string {
  return stamp(value, "+00");
}

/** int8 microseconds, int4 days, int4 months. */
export function intervalText(value: Buffer): string {
  const [microseconds, days, months] = [value.readBigInt64BE(), value.readInt32BE(8), value.readInt32BE(12)];
  const isEnd = (month: number, day: number, time: bigint) =>
    months === month && days === day && microseconds === time;
  if (isEnd(forever.date, forever.date, foreverMicroseconds.future)) return "infinity";
  if (isEnd(forever.past, forever.past, foreverMicroseconds.past)) return "-infinity";
  const parts: string[] = [];
  let negative = false;
  const add = (count: number, unit: string) => {
    if (count === 0) return;
    // As the server does: a sign changes only where the one before it would be taken for granted.
    parts.push(`${negative && count > 0 ? "+" : ""}${count} ${unit}${count === 1 ? "" : "s"}`);
    negative = count < 0;
  };
  add(Math.trunc(months / 12), "year");
  add(months % 12, "mon");
  add(days, "day");
  if (microseconds !== 0n || parts.length === 0) {
    const before = microseconds < 0n ? "-" : negative ? "+" : "";
    parts.push(before + clock(microseconds < 0n ? -microseconds : microseconds));
  }
  return parts.join(" ");
}

function stamp(value: Buffer, zone: string): string {
  const microseconds = value.readBigInt64BE();
  if (microseconds === foreverMicroseconds.future) return "infinity";
  if (microseconds === foreverMicroseconds.past) return "-infinity";
  const rest = ((microseconds % dayMicroseconds) + dayMicroseconds) % dayMicroseconds;
  const { date, era } = civil(Number((microseconds - rest) / dayMicroseconds));
  return `${date} ${clock(rest)}${zone}${era}`;
}

/** Days since 2000-01-01 in the Gregorian calendar, which knows no year 0. */
function civil(days: number): { readonly date: string; readonly era: string } {
  const shifted = days + epochDays + 719_468;
  const cycle = Math.floor(shifted / 146_097);
  const inCycle = shifted - cycle * 146_097;
  const inCycleYear = Math.floor(
    (inCycle - Math.floor(inCycle / 1460) + Math.floor(inCycle / 36_524) - Math.floor(inCycle / 146_096)) /
      365,
  );
  const inYear = inCycle - (365 * inCycleYear + Math.floor(inCycleYear / 4) - Math.floor(inCycleYear / 100));
  // Counted from March, so that a leap day ends the year.
  const march = Math.floor((5 * inYear + 2) / 153);
  const day = inYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  const year = inCycleYear + cycle * 400 + (month <= 2 ? 1 : 0);
  const shown = year > 0 ? year : 1 - year;
  return {
    date: `${String(shown).padStart(4, "0")}-${two(month)}-${two(day)}`,
    era: year > 0 ? "" : " BC",
  };
}

/** `04:05:06.789`; more than a day where an interval is. */
function clock(microseconds: bigint): string {
  const seconds = Number(microseconds / 1_000_000n);
  const fraction = String(microseconds % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "");
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two);
  return parts.join(":") + (fraction === "" ? "" : `.${fraction}`);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
