import { describe, expect, test } from "bun:test";
import { PosternError } from "./error.ts";
import { hoursOf } from "./hours.ts";

const at = (text: string) => Date.parse(text);
const iso = (time: number | undefined) => (time === undefined ? "never" : new Date(time).toISOString());

describe("hours", () => {
  test("a working week in Berlin", () => {
    const hours = hoursOf("Mon-Fri 09:00-17:00 Europe/Berlin");
    // Winter: an hour ahead of UTC.
    expect(hours.open(at("2026-11-23T07:59:59Z"))).toBe(false);
    expect(hours.open(at("2026-11-23T08:00:00Z"))).toBe(true);
    expect(hours.open(at("2026-11-23T15:59:59.999Z"))).toBe(true);
    expect(hours.open(at("2026-11-23T16:00:00Z"))).toBe(false);
    expect(hours.open(at("2026-11-22T12:00:00Z"))).toBe(false);
    // Summer: two.
    expect(hours.open(at("2026-07-20T07:00:00Z"))).toBe(true);
    expect(hours.open(at("2026-07-20T15:00:00Z"))).toBe(false);
    expect(iso(hours.changes(at("2026-11-20T15:00:00Z")))).toBe("2026-11-20T16:00:00.000Z");
    expect(iso(hours.changes(at("2026-11-20T16:00:00Z")))).toBe("2026-11-23T08:00:00.000Z");
  });

  test("over midnight, from the day it begins on", () => {
    const hours = hoursOf("Fri 22:00-06:00 UTC");
    expect(hours.open(at("2026-11-20T21:59:00Z"))).toBe(false);
    expect(hours.open(at("2026-11-20T22:00:00Z"))).toBe(true);
    expect(hours.open(at("2026-11-21T05:59:00Z"))).toBe(true);
    expect(hours.open(at("2026-11-21T06:00:00Z"))).toBe(false);
    expect(hours.open(at("2026-11-20T05:00:00Z"))).toBe(false);
    expect(iso(hours.changes(at("2026-11-21T01:00:00Z")))).toBe("2026-11-21T06:00:00.000Z");
  });

  test("several windows; those that touch are one", () => {
    const hours = hoursOf("Mon-Thu 09:00-12:00, Mon,Wed 12:00-13:00, Sat-Sun 00:00-24:00 UTC");
    expect(iso(hours.changes(at("2026-11-23T10:00:00Z")))).toBe("2026-11-23T13:00:00.000Z");
    expect(iso(hours.changes(at("2026-11-24T10:00:00Z")))).toBe("2026-11-24T12:00:00.000Z");
    expect(iso(hours.changes(at("2026-11-21T10:00:00Z")))).toBe("2026-11-23T00:00:00.000Z");
    expect(hoursOf("00:00-24:00 UTC").open(Date.now())).toBe(true);
  });

  test("the night when clocks go forward is an hour shorter, and what it skips is the moment of the change", () => {
    const hours = hoursOf("00:00-04:00 Europe/Berlin");
    expect(iso(hours.changes(at("2026-03-28T23:30:00Z")))).toBe("2026-03-29T02:00:00.000Z");
    const skipped = hoursOf("02:30-04:00 Europe/Berlin");
    expect(iso(skipped.changes(at("2026-03-29T00:30:00Z")))).toBe("2026-03-29T01:00:00.000Z");
    expect(skipped.open(at("2026-03-29T00:59:59Z"))).toBe(false);
    expect(skipped.open(at("2026-03-29T01:00:00Z"))).toBe(true);
    // Wholly inside what is skipped: not that day.
    expect(hoursOf("02:10-02:50 Europe/Berlin").open(at("2026-03-29T01:00:00Z"))).toBe(false);
  });

  test("the night when clocks go back is an hour longer, and what comes twice is the first", () => {
    const hours = hoursOf("00:00-04:00 Europe/Berlin");
    expect(iso(hours.changes(at("2026-10-24T23:00:00Z")))).toBe("2026-10-25T03:00:00.000Z");
    const twice = hoursOf("01:00-02:30 Europe/Berlin");
    expect(iso(twice.changes(at("2026-10-24T23:30:00Z")))).toBe("2026-10-25T00:30:00.000Z");
    expect(twice.open(at("2026-10-25T01:10:00Z"))).toBe(false);
  });

  test("a zone whose clocks change at another hour, by half an hour, in the other half of the world", () => {
    const hours = hoursOf("01:00-03:00 Australia/Lord_Howe");
    // 4 October 2026: from 02:00 (+10:30) to 02:30 (+11:00).
    expect(iso(hours.changes(at("2026-10-03T14:00:00Z")))).toBe("2026-10-03T14:30:00.000Z");
    expect(iso(hours.changes(at("2026-10-03T14:30:00Z")))).toBe("2026-10-03T16:00:00.000Z");
  });

  test("every minute of a year agrees with what clocks show, but where they change", () => {
    const hours = hoursOf("Mon-Fri 08:15-18:45, Sun 23:00-01:00 America/New_York");
    const clock = new Intl.DateTimeFormat("en-GB", {
      timeZone: "America/New_York",
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    });
    for (let time = at("2026-01-01T00:07:00Z"); time < at("2027-01-01T00:00:00Z"); time += 97 * 60_000) {
      const parts = new Map(clock.formatToParts(time).map(({ type, value }) => [type, value]));
      const weekday = parts.get("weekday") ?? "";
      const minute = Number(parts.get("hour")) * 60 + Number(parts.get("minute"));
      const inWeek = !["Sat", "Sun"].includes(weekday) && minute >= 495 && minute < 1125;
      const overMidnight = (weekday === "Sun" && minute >= 1380) || (weekday === "Mon" && minute < 60);
      expect([iso(time), hours.open(time)]).toEqual([iso(time), inWeek || overMidnight]);
    }
  });

  test("what says no hours is refused", () => {
    for (const text of [
      "",
      "always",
      "Mon-Fri 09:00-17:00",
      "Mon-Fri 09:00-17:00 Europe/Berln",
      "Mon-Fri 09:00-17:00 CET+1",
      "Mon-Fri 9-17 UTC",
      "Mon-Fri 09:00-25:00 UTC",
      "Mon-Fri 09:60-17:00 UTC",
      "Mon-Fri 09:00-09:00 UTC",
      "Mo-Fr 09:00-17:00 UTC",
      "Mon-Wed-Fri 09:00-17:00 UTC",
      "Mon- 09:00-17:00 UTC",
    ]) {
      expect(() => hoursOf(text)).toThrow(PosternError);
    }
  });
});
