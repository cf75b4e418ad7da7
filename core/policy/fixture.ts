import type { Guardrail, Kind } from "../guardrail.ts";
import type { Identity, IdentityProvider } from "../identity.ts";
import type { Protocol, Resource } from "../protocol.ts";

/** Stand-ins for plugins in the tests of this folder: they have the shape and do nothing. */

export function resource<const Name extends string, const Emits extends Kind>(
  name: Name,
  ...emits: Emits[]
): Resource<undefined, Emits, Name> {
  const never = () => Promise.reject(new Error("not in this test"));
  const protocol: Protocol<undefined, Emits, Name> = {
    name,
    emits,
    accept: never,
    dial: never,
    relay: never,
    refuse() {},
  };
  return { protocol, config: undefined };
}

export function guardrail<const Needs extends Kind>(
  name: string,
  needs: readonly Needs[],
  effects?: Guardrail["effects"],
): Guardrail<Needs> {
  return { name, needs, open: () => ({}), ...(effects ? { effects } : {}) };
}

export const provider: IdentityProvider = {
  name: "nobody",
  open: async () => ({ identify: async () => undefined }),
};

export function somebody(subject: string, ...groups: string[]): Identity {
  return { issuer: "test", subject, kind: "person", groups };
}
