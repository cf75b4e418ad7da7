import type { Identity } from "../../core/plugin.ts";
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
  const [, name = "", rest = ""] = /^\/([^/?]+)(.*)$/s.exec(target) ?? [];
  if (name === "" || !Object.hasOwn(resources, name)) return undefined;
  if ((resources[name] as HttpTarget).hosts !== undefined) return undefined;
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

/** An exact name counts before a wildcard; `*.example.com` stands for one label. A host without a port means any port. */
function byHost(authority: string, resources: Readonly<Record<string, unknown>>): string | undefined {
  const host = authority.replace(/:\d+$/, "");
  const wild = `*${host.slice(host.indexOf("."))}`;
  for (const names of [[authority, host], [wild]]) {
    for (const [name, config] of Object.entries(resources)) {
      const { hosts = [] } = config as HttpTarget;
      if (hosts.some((each) => names.includes(each))) return name;
    }
  }
  return undefined;
}

/** What a request that names no resource seems to name. */
export function nameOf({ authority, target }: RequestHead): string {
  const [, first = ""] = /^\/([^/?]*)/.exec(target) ?? [];
  return `${authority}/${first}`.slice(0, 200);
}
