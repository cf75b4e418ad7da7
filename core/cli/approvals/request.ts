import type { RequestView } from "../../control/api.ts";
import { durationText } from "../../duration.ts";
import { list } from "../table.ts";
import { oneLine } from "../terminal.ts";
import { moment, span } from "../time.ts";
import { issuersOf, whoIs } from "../who-is.ts";
import { approvedBy, approversText, progress } from "./progress.ts";

/** What became of a request, or how long it can still be answered. */
export function requestState(request: RequestView, now = Date.now()): string {
  const { how, expires } = request;
  const by = approvedBy(request);
  if (how === "approved") return by === "" ? how : `approved by ${by}`;
  if (how !== undefined) return by === "" ? how : `${how}, after ${by} had approved`;
  if (expires <= now) return "expired";
  return `waits, ${progress(request)}${span(expires - now)} left`;
}

/** `access for 1h (rule fix orders): CHG-4711`. */
export function requestLine({ for: ms, rules, because }: RequestView): string {
  const why = because === undefined ? "" : `: ${oneLine(because)}`;
  return `access for ${durationText(ms)} (rule ${rules.map(oneLine).join(", ")})${why}`;
}

/** All that an approval binds to. */
export function requestText(request: RequestView): string {
  const { because, ticket } = request;
  return list([
    ["request", request.id],
    ["state", requestState(request)],
    ["asked by", whoIs(request.identity)],
    ["vouched for by", issuersOf(request.identity)],
    ["resource", request.resource],
    ["opens", request.rules.map((name) => `rule ${oneLine(name)}`).join(", ")],
    ["for", durationText(request.for)],
    ["because", because === undefined ? undefined : oneLine(because)],
    ["ticket", ticket === undefined ? undefined : oneLine(ticket)],
    ["may approve", approversText(request)],
    ["asked at", `${moment(request.openedAt)} UTC`],
    ["digest", request.digest],
  ]);
}
