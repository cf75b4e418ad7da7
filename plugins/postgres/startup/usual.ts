import { KeptOnce } from "../../../core/plugin.ts";

const known = new KeptOnce<ReadonlyMap<string, string>>();

/**
 * What a server has told of a session's settings, one object for all sessions of which it has told the same: without
 * `application_name`, which no two have in common.
 */
export function usualSettings(told: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const shared = [...told].filter(([name]) => name !== "application_name");
  return known.of(JSON.stringify(shared), new Map(shared));
}
