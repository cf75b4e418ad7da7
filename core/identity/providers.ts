import { type Identity, type OpenIdentityProvider, parties } from "../identity.ts";
import { isLoopback } from "../loopback.ts";
import type { Policy } from "../policy.ts";

/** The policy's identity providers, in its order. Rejects, with none left open, when one refuses. */
export async function openProviders(policy: Policy, dataDir: string): Promise<OpenIdentityProvider[]> {
  const loopbackOnly = policy.listen.every(({ host }) => isLoopback(host));
  const open: OpenIdentityProvider[] = [];
  try {
    for (const provider of policy.identity) open.push(await provider.open({ dataDir, loopbackOnly }));
  } catch (error) {
    for (const provider of open) provider.close?.();
    throw error;
  }
  return open;
}

/** Whether one of them stands for whom everybody else in a chain of delegation acts for. */
export function vouchedFor(providers: readonly OpenIdentityProvider[], identity: Identity): boolean {
  const last = parties(identity).at(-1) ?? identity;
  return providers.some((provider) => provider.vouchesFor?.(last) ?? true);
}
