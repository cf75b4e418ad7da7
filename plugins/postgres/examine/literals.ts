import type { Finding } from "../../../core/plugin.ts";

/** What a literal is read by where nobody has changed anything: as ISO, month before day. */
const usual: Readonly<Record<string, RegExp>> = {
  DateStyle: /^ISO, MDY$/,
  IntervalStyle: /^postgres$/,
  TimeZone: /^(Etc\/)?(UTC|GMT|UCT|Zulu|Universal|Greenwich)$/,
};

const zones: ReadonlySet<string> = new Set(Intl.supportedValuesOf("timeZone"));

/**
 * The settings of a session by which dates and times in a text mean something else than they look like. `told`: the server's
 * own word of each.
 */
export function literalFinding(told: (setting: string) => string | undefined): Finding | undefined {
  const other = Object.entries(usual).flatMap(([setting, plain]) => {
    const value = told(setting);
    return value === undefined || plain.test(value) ? [] : `${setting} is ${shown(setting, value)}`;
  });
  return other.length === 0 ? undefined : { label: "settings", value: other.join("; ") };
}

/** A zone may have any name that somebody gives it, also one that is a stored value. */
function shown(setting: string, value: string): string {
  return setting !== "TimeZone" || zones.has(value) ? value : "one of its own";
}
