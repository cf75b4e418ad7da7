import { hostname } from "node:os";
import type { ListenerConfig, Policy } from "../policy.ts";
import type { ListenerAddress } from "../worker-calls.ts";

/** Where callers connect to use a resource. */
export interface Reach {
  readonly host: string;
  readonly port: number;
  /** They turn to TLS there. */
  readonly tls: boolean;
  /** The listener is this resource's alone: callers name none. */
  readonly own?: true;
}

/**
 * The listener for a resource: one with TLS and one of its own come first. `addresses`: of the workers, in the
 * policy's order. `web`: the gateway's URL, "" without one.
 */
export function reachOf(
  policy: Policy,
  resource: string,
  addresses: readonly ListenerAddress[],
  web: string,
): Reach | undefined {
  const protocol = policy.resources[resource]?.protocol.name;
  const listeners = new Map(policy.listen.map((config) => [JSON.stringify(config), config]));
  const found = [...listeners.values()]
    .map((config, at) => ({ config, port: config.port || addresses[at]?.port }))
    .filter(({ config }) => config.protocol === protocol && (config.resource ?? resource) === resource)
    .sort((one, other) => rank(other.config) - rank(one.config))[0];
  if (found?.port === undefined) return undefined;
  const { config, port } = found;
  const own = config.resource === undefined ? {} : ({ own: true } as const);
  return { host: hostOf(config, policy, web), port, tls: config.tls !== undefined, ...own };
}

function rank({ tls, resource }: ListenerConfig): number {
  return (tls ? 2 : 0) + (resource === undefined ? 0 : 1);
}

/** What listens everywhere, or where `web` does, is reached by the name that `web` is reached by. */
function hostOf({ host }: ListenerConfig, policy: Policy, web: string): string {
  const everywhere = host === "0.0.0.0" || host === "::";
  const named = policy.web?.url !== undefined && policy.web.host === host;
  if (!everywhere && !named) return host;
  return web === "" ? hostname() : new URL(web).hostname.replace(/^\[|\]$/g, "");
}
