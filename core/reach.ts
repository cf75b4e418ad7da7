import { PosternError } from "./error.ts";
import type { OpenPolicy } from "./gateway.ts";
import type { Identity } from "./identity.ts";
import type { Reason } from "./operation.ts";
import type { Policy } from "./policy.ts";
import type { Arrival, ListenerInfo, Resource } from "./protocol.ts";
import type { Entry } from "./trail/entry.ts";
import type { Trail } from "./trail/trail.ts";
import type { Wire } from "./wire.ts";

/** Configurations of what callers of this listener may name. */
export function served(policy: Policy, { protocol, resource: only }: ListenerInfo): Record<string, unknown> {
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
