import { isLoopback, type RequestDoor } from "../../../core/plugin.ts";
import { isByCookie } from "../callers.ts";
import type { HttpTarget } from "../config.ts";
import type { Exchange } from "../exchange.ts";
import { fieldOf, fieldsOf } from "../message.ts";
import type { Route } from "../route.ts";

/** Where the browser believes to be: `https://grafana.example.com`. */
export function originOf({ request, caller }: Exchange): string | undefined {
  return URL.parse(`${caller.encrypted ? "https" : "http"}://${request.authority}`)?.origin;
}

/**
 * The origin to come back to, where people may sign in there. Only a host that the policy names: whoever begins a login
 * chooses `Host`, and somebody else may end it. A port that the policy does not name is that of the listener or of the
 * scheme. In clear on the loopback interface alone.
 */
export function signInOrigin(
  exchange: Exchange,
  { byHost, resource }: Route,
  { listener, resources }: Pick<RequestDoor, "listener" | "resources">,
): string | undefined {
  const { caller, request } = exchange;
  if (!byHost) return undefined;
  if (!caller.encrypted && !(listener.insecure && isLoopback(listener.host))) return undefined;
  const { hosts = [] } = resources[resource] as HttpTarget;
  const [, host = "", port] = /^(.*?)(?::(\d+))?$/.exec(request.authority) ?? [];
  const usual = port === undefined || Number(port) === listener.port;
  const named = hosts.includes(request.authority) || (usual && hosts.includes(host));
  return named ? originOf(exchange) : undefined;
}

/** Whether a person is waiting for a page, and not a script for data: only they can be sent to sign in. */
export function isNavigation({ request: { method, fields }, upgrade }: Exchange): boolean {
  const said = (name: string, expected: string) => (fieldOf(fields, name) ?? expected) === expected;
  return (
    method === "GET" &&
    upgrade === undefined &&
    said("sec-fetch-mode", "navigate") &&
    said("sec-fetch-dest", "document") &&
    (fieldOf(fields, "accept") ?? "").toLowerCase().includes("text/html")
  );
}

const safe = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Whether a page of another origin may have sent this: browsers add cookies by themselves. Those who say where a request
 * comes from (Fetch Metadata) are believed, as pages cannot write these fields; of the others, what changes something or
 * opens a WebSocket must name our origin. From elsewhere only a link may be followed.
 */
export function isCrossSite(exchange: Exchange): boolean {
  const { request, upgrade } = exchange;
  const { fields, method } = request;
  const [origin, ...more] = fieldsOf(fields, "origin");
  if (more.length > 0) return true;
  const own = origin !== undefined && origin === originOf(exchange);
  const acts = !safe.has(method) || upgrade !== undefined;
  const site = fieldOf(fields, "sec-fetch-site");
  if (site === undefined || upgrade !== undefined) return acts && !own;
  if (site !== "same-origin" && site !== "none") {
    return acts || fieldOf(fields, "sec-fetch-mode") !== "navigate";
  }
  // A page without a referrer names no origin in its own forms (Fetch, 3.2).
  return acts && origin !== undefined && origin !== "null" && !own;
}

/**
 * Whether another site may have had a browser send this in its visitor's name. `shown`: see `shownBy`. Browsers add
 * client certificates and passwords that they keep by themselves, too; programs that show them say nothing of sites.
 */
export function isForged(exchange: Exchange, shown: string): boolean {
  if (isByCookie(shown)) return isCrossSite(exchange);
  const { caller, request } = exchange;
  const kept = shown === "" ? caller.tls?.peer !== undefined : /^basic /i.test(shown);
  return kept && fieldOf(request.fields, "sec-fetch-site") !== undefined && isCrossSite(exchange);
}
