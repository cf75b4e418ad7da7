import { and, eq, lte, or } from "drizzle-orm";
import type { Lease } from "../credential/source.ts";
import type { Database } from "./open.ts";
import { leases } from "./shared-schema.ts";

export async function addLease(database: Database, lease: Lease): Promise<void> {
  await database.insert(leases).values(lease);
}

export async function removeLease(database: Database, id: string): Promise<void> {
  await database.delete(leases).where(eq(leases.id, id));
}

/** Those of this gateway, and those of any that stand for nothing any more. */
export function leasesToCheck(database: Database, gateway: string, now: number): Promise<Lease[]> {
  return database
    .select()
    .from(leases)
    .where(or(eq(leases.gateway, gateway), lte(leases.until, now)));
}

/** Of one worker of this gateway, which is dead. */
export function leasesOfWorker(database: Database, gateway: string, worker: number): Promise<Lease[]> {
  return database
    .select()
    .from(leases)
    .where(and(eq(leases.gateway, gateway), eq(leases.worker, worker)));
}
