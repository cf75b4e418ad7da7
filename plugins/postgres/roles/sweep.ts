import { type Lease, PosternError } from "../../../core/plugin.ts";
import type { Admin } from "./admin.ts";
import { isRoleName } from "./name.ts";
import { unmake } from "./unmake.ts";

/** Connections at once: a server takes a tenth of a second to see that a backend has ended. */
const atOnce = 8;
/** Milliseconds after which nothing that was sent to a server can still be on its way. */
const settled = 60_000;

/**
 * Removes the roles that were made under these leases; resolves with the leases that stand for nothing any more.
 * What fails is left for the next sweep; where all of it does, throws the first failure.
 */
export async function sweep(leases: readonly Lease[], connect: () => Admin): Promise<string[]> {
  const ours = leases.filter(({ what }) => isRoleName(what));
  const gone: string[] = [];
  const failed: unknown[] = [];
  const queue = ours.values();
  const one = async () => {
    const admin = connect();
    for (const lease of queue) {
      try {
        const how = await unmake(admin, lease);
        if (how === "gone" || lease.madeAt + settled < Date.now()) gone.push(lease.id);
      } catch (error) {
        failed.push(error);
        // The server does not answer: nor will it for the others.
        if (error instanceof PosternError && /^(resource\.unreachable|wire\..*)$/.test(error.code)) break;
      }
    }
    await admin.close();
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, ours.length) }, one));
  if (gone.length === 0 && failed.length > 0) throw failed[0];
  return gone;
}
