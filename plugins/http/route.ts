import type { Identity } from "../../core/plugin.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { HttpTarget } from "./config.ts";
import type { RequestHead } from "./message.ts";

/** Which resource a request names, and what of its target is the resource's own. */
export interface Route {
  readonly resource: string;
  /** Path and query below the resource, as sent. */
  readonly target: string;
  /** Named by its host name: a browser may use it, whose cookies no other resource shares. */
  readonly byHost: boolean;
  /** What of the path named the resource: `/grafana`; "" where the host did. */
  readonly prefix: string;
}

/** `only`: the one resource of the listener. undefined: the request names none. */
export function routeOf(
  { authority, target }: RequestHead,
  resources: Readonly<Record<string, unknown>>,
  only: string | undefined,
): Route | undefined {
  if (only !== undefined) return { resource: only, target, byHost: true, prefix: "" };
  const named = byHost(authority, resources);
  if (named !== undefined) return { resource: named, target, byHost: true, prefix: "" };
  const route = known.get(target) ?? known.set(target, byPath(target));
  const { resource } = route;
  if (resource === "" || !Object.hasOwn(resources, resource)) return undefined;
  return (resources[resource] as HttpTarget).hosts === undefined ? route : undefined;
}

/** By target, whether or not there is such a resource: clients ask for the same things again. */
const known = new BoundedMap<Route>(4096, 1024);

function byPath(target: string): Route {
  const end = nameEnd(target);
  const name = target.slice(1, end);
  const rest = target.slice(end);
  return {
    resource: name,
    target: rest.startsWith("/") ? rest : `/${rest}`,
    byHost: false,
    prefix: `/${name}`,
  };
}

/**
 * Where a request names no resource, the one that its credential is good for alone: `kubectl get --raw` leaves out what
 * the path of the server's address is. undefined: it is good for any, or for one with host names, which callers say.
 */
export function boundRoute(
  { target }: RequestHead,
  { resource }: Pick<Identity, "resource">,
  resources: Readonly<Record<string, unknown>>,
): Route | undefined {
  if (resource === undefined || !Object.hasOwn(resources, resource)) return undefined;
  if ((resources[resource] as HttpTarget).hosts !== undefined) return undefined;
  return { resource, target, byHost: false, prefix: "" };
}

/** Where the first part of a path ends; 0 where it is no path. */
function nameEnd(target: string): number {
  if (target.charCodeAt(0) !== slash) return 0;
  let at = 1;
  for (; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (code === slash || code === question) break;
  }
  return at;
}

const slash = 47;
const question = 63;

/** An exact name counts before a wildcard; `*.example.com` stands for one label. A host without a port means any port. */
function byHost(authority: string, resources: Readonly<Record<string, unknown>>): string | undefined {
  const hosts = hostsOf(resources);
  if (hosts.size === 0) return undefined;
  const host = authority.replace(/:\d+$/, "");
  const exact = earlier(hosts.get(authority), hosts.get(host));
  return (exact ?? hosts.get(`*${host.slice(host.indexOf("."))}`))?.name;
}

/** A resource and its place in the policy: of several that name a host, the first counts. */
interface Hosted {
  readonly name: string;
  readonly place: number;
}

const hosted = new WeakMap<Readonly<Record<string, unknown>>, ReadonlyMap<string, Hosted>>();

/** By host name, as policies write it. Resources are the same object until the policy changes. */
function hostsOf(resources: Readonly<Record<string, unknown>>): ReadonlyMap<string, Hosted> {
  const known = hosted.get(resources);
  if (known) return known;
  const hosts = new Map<string, Hosted>();
  for (const [place, [name, config]] of Object.entries(resources).entries()) {
    for (const host of (config as HttpTarget).hosts ?? []) {
      if (!hosts.has(host)) hosts.set(host, { name, place });
    }
  }
  hosted.set(resources, hosts);
  return hosts;
}

function earlier(one: Hosted | undefined, other: Hosted | undefined): Hosted | undefined {
  return one && other ? (one.place <= other.place ? one : other) : (one ?? other);
}

/** What a request that names no resource seems to name. */
export function nameOf({ authority, target }: RequestHead): string {
  const [, first = ""] = /^\/([^/?]*)/.exec(target) ?? [];
  return `${authority}/${first}`.slice(0, 200);
}
