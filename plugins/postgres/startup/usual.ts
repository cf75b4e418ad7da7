/** Lists of settings that are kept; past it all are forgotten. */
const limit = 64;

/** By what is in them. */
const known = new Map<string, ReadonlyMap<string, string>>();

/**
 * What a server has told of a session's settings, one object for all sessions of which it has told the same: without
 * `application_name`, which no two have in common.
 */
export function usualSettings(told: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const shared = [...told].filter(([name]) => name !== "application_name");
  const key = JSON.stringify(shared);
  let settings = known.get(key);
  if (settings === undefined) {
    settings = new Map(shared);
    if (known.size >= limit) known.clear();
    known.set(key, settings);
  }
  return settings;
}
