import { and, eq, gt, isNull, lt } from "drizzle-orm";
import type { IssuedCredential } from "../supervision.ts";
import type { Database } from "./open.ts";
import { credentials } from "./schema.ts";

/** An expired credential is kept this long, so that an investigation can still name it. */
const keptMs = 7 * 24 * 3_600_000;

export async function addCredential(
  database: Database,
  issued: IssuedCredential,
  now: number,
): Promise<void> {
  const { id, identity, expires, verifier } = issued;
  const { iterations } = verifier;
  const [salt, storedKey, serverKey] = [verifier.salt, verifier.storedKey, verifier.serverKey].map((bytes) =>
    Buffer.from(bytes),
  ) as [Buffer, Buffer, Buffer];
  await database.batch([
    database
      .insert(credentials)
      .values({ id, identity, iterations, salt, storedKey, serverKey, issuedAt: now, expires }),
    database.delete(credentials).where(lt(credentials.expires, now - keptMs)),
  ]);
}

/** undefined when unknown, expired or revoked. */
export async function findCredential(
  database: Database,
  id: string,
  now: number,
): Promise<IssuedCredential | undefined> {
  const row = await database.query.credentials.findFirst({
    where: and(eq(credentials.id, id), gt(credentials.expires, now), isNull(credentials.revokedAt)),
  });
  if (!row) return undefined;
  const { identity, expires, iterations, salt, storedKey, serverKey } = row;
  return { id, identity, expires, verifier: { iterations, salt, storedKey, serverKey } };
}

/** False when there is no such credential, or it was revoked before. */
export async function revokeCredential(database: Database, id: string, now: number): Promise<boolean> {
  const revoked = await database
    .update(credentials)
    .set({ revokedAt: now })
    .where(and(eq(credentials.id, id), isNull(credentials.revokedAt)));
  return revoked.rowsAffected > 0;
}
