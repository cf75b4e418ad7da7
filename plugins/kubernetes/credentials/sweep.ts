import { type Lease, PosternError } from "../../../core/plugin.ts";
import { unbind } from "./binding.ts";
import type { ClusterAdmin } from "./cluster.ts";
import { secretIn } from "./name.ts";

/** Milliseconds after which nothing that was sent to a cluster can still be on its way. */
const settled = 60_000;

/**
 * Removes the Secrets that were made under these leases; resolves with the leases that stand for nothing any more. What
 * fails is left for the next sweep; where all of it does, throws the first failure. Closes `cluster`.
 */
export async function sweep(leases: readonly Lease[], cluster: ClusterAdmin): Promise<string[]> {
  const gone: string[] = [];
  const failed: unknown[] = [];
  try {
    for (const lease of leases.filter(({ what }) => secretIn(what) !== undefined)) {
      try {
        const how = await unbind(cluster, lease);
        if (how === "gone" || lease.madeAt + settled < Date.now()) gone.push(lease.id);
      } catch (error) {
        failed.push(error);
        // The cluster does not answer: nor will it for the others.
        if (error instanceof PosternError && error.code.startsWith("resource.")) break;
      }
    }
  } finally {
    cluster.close();
  }
  if (gone.length === 0 && failed.length > 0) throw failed[0];
  return gone;
}
