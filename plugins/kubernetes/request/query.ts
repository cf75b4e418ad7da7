import { decoded, unreadable } from "./path.ts";
import type { Refused } from "./refused.ts";

/** Decoded parameters in the order that they were sent. */
export type Parameters = readonly (readonly [name: string, value: string])[];

/** The only ones that may be there more than once. */
const lists = new Set(["command", "ports"]);

/** Those that change what a request does. Written otherwise (`Watch`), some server may still take them for these. */
const deciding = new Set(
  (
    "watch dryRun force fieldManager fieldSelector labelSelector fieldValidation follow container command stdin stdout " +
    "stderr tty ports resourceVersion allowWatchBookmarks sendInitialEvents timeoutSeconds propagationPolicy " +
    "orphanDependents gracePeriodSeconds limit continue path"
  ).split(" "),
);
const spelled = new Map([...deciding].map((name) => [name.toLowerCase(), name]));

/**
 * Takes a query apart as Go's url.ParseQuery does. Where readers differ it is refused: of two values of one name some
 * take the first and some the last; `;` separates for some (Go before 1.17).
 */
export function parametersOf(query: string): Parameters | Refused {
  if (query === "") return [];
  const wrong = unreadable(query);
  if (wrong !== undefined) return { refused: wrong };
  const parameters: (readonly [string, string])[] = [];
  const seen = new Set<string>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = plus(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? "" : plus(pair.slice(equals + 1));
    if (name === undefined || value === undefined)
      return { refused: "its query holds bytes that are no UTF-8" };
    if (/\p{Cc}/u.test(name)) return { refused: "its query has a name with control characters" };
    const meant = spelled.get(name.toLowerCase());
    if (meant !== undefined && meant !== name)
      return { refused: `its query spells ${meant} otherwise than the server does` };
    if (seen.has(name) && !lists.has(name)) return { refused: "its query has two values of one name" };
    // Any other value is an error to the server; a gateway that added its own would have two of them.
    if (name === "dryRun" && value !== "All") return { refused: "its query has a dryRun that is not All" };
    seen.add(name);
    parameters.push([name, value]);
  }
  return parameters;
}

/** The query as it is sent on, with its question mark; "" where there is none. */
export function encodedQuery(parameters: Parameters): string {
  const pairs = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

export function parameter(parameters: Parameters, name: string): string | undefined {
  return parameters.find(([other]) => other === name)?.[1];
}

/** As the server converts it: everything but `false` and `0` is true, also nothing at all. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && !/^(false|0)$/i.test(value);
}

function plus(text: string): string | undefined {
  return decoded(text.replaceAll("+", " "));
}
