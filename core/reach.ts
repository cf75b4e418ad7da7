import { PosternError } from "./error.ts";
import type { OpenPolicy } from "./gateway.ts";
import type { Identity } from "./identity.ts";
import type { Reason } from "./operation.ts";
import type { Policy } from "./policy.ts";
import type { Arrival, ListenerInfo, Resource } from "./protocol.ts";
import type { Entry } from "./trail/entry.ts";
import type { Trail } from "./trail/trail.ts";
import type { Wire } from "./wire.ts";

/** By policy, then by protocol and resource of the listener. */
const known = new WeakMap<Policy, Map<string, Readonly<Record<string, unknown>>>>();

/** What was asked for last: each request asks, mostly on one listener. */
let last:
  | { policy: Policy; protocol: string; only: string | undefined; named: Readonly<Record<string, unknown>> }
  | undefined;

/** Configurations of what callers of this listener may name; the same object as long as the policy is. */
export function served(
  policy: Policy,
  { protocol, resource: only }: Pick<ListenerInfo, "protocol" | "resource">,
): Readonly<Record<string, unknown>> {
  if (last?.policy === policy && last.protocol === protocol && last.only === only) return last.named;
  const named = servedBy(policy, protocol, only);
  last = { policy, protocol, only, named };
  return named;
}

function servedBy(
  policy: Policy,
  protocol: string,
  only: string | undefined,
): Readonly<Record<string, unknown>> {
  const byListener = known.get(policy) ?? new Map<string, Readonly<Record<string, unknown>>>();
  const key = only === undefined ? protocol : `${protocol} ${only}`;
  const before = byListener.get(key);
  if (before) return before;
  const named = namedIn(policy, protocol, only);
  known.set(policy, byListener.set(key, named));
  return named;
}

function namedIn(policy: Policy, protocol: string, only: string | undefined): Record<string, unknown> {
  const named = Object.entries(policy.resources).flatMap(([name, resource]) =>
    resource.protocol.name === protocol && (only === undefined || only === name)
      ? [[name, resource.config]]
      : [],
  );
  return Object.fromEntries(named);
}

/** Throws PosternError `resource.unknown`; the trail has it then. */
export function find(
  open: OpenPolicy,
  listener: ListenerInfo,
  { identity, resource: name }: Arrival,
  caller: Wire,
  trail: Trail,
): Resource {
  const { protocol, resource: only } = listener;
  const resource = Object.hasOwn(open.policy.resources, name) ? open.policy.resources[name] : undefined;
  if (resource?.protocol.name === protocol && (only === undefined || only === name)) return resource;
  const unknown = new PosternError(
    "resource.unknown",
    `There is no resource named ${JSON.stringify(name)}.`,
    {
      hint: "The operator's policy file lists them under `resources`.",
    },
  );
  trail.append(connectDenied(listener, caller, identity, name, unknown.reason));
  throw unknown;
}

export function connectDenied(
  { protocol }: ListenerInfo,
  { remote }: Wire,
  identity: Identity,
  resource: string,
  reason: Reason,
): Entry {
  return { kind: "connect-denied", identity, resource, protocol, remote, reason };
}
