import { and, eq, gt, isNull, lt, or } from "drizzle-orm";
import type { IssuedCredential } from "../supervision.ts";
import type { Database } from "./open.ts";
import { credentials } from "./shared-schema.ts";

/** An expired credential is kept this long, so that an investigation can still name it. */
const keptMs = 7 * 24 * 3_600_000;

export async function addCredential(
  database: Database,
  issued: IssuedCredential,
  now: number,
): Promise<void> {
  const { id, identity, expires, verifier, once = false, from, grant } = issued;
  const { iterations } = verifier;
  const [salt, storedKey, serverKey] = [verifier.salt, verifier.storedKey, verifier.serverKey].map((bytes) =>
    Buffer.from(bytes),
  ) as [Buffer, Buffer, Buffer];
  await database.batch([
    database.insert(credentials).values({
      id,
      identity,
      iterations,
      salt,
      storedKey,
      serverKey,
      issuedAt: now,
      expires,
      once,
      from,
      grant,
    }),
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
    where: and(eq(credentials.id, id), usable(now)),
  });
  if (!row) return undefined;
  const { identity, expires, iterations, salt, storedKey, serverKey, once, from, grant } = row;
  return {
    ...{ id, identity, expires, once },
    verifier: { iterations, salt, storedKey, serverKey },
    ...(from === null ? {} : { from }),
    ...(grant === null ? {} : { grant }),
  };
}

/** False when there is no such credential, or it was revoked before. */
export async function revokeCredential(database: Database, id: string, now: number): Promise<boolean> {
  const revoked = await database
    .update(credentials)
    .set({ revokedAt: now })
    .where(and(eq(credentials.id, id), isNull(credentials.revokedAt)));
  return revoked.rowsAffected > 0;
}

/** Takes a credential as used; why it is not accepted all the same, where somebody else was first. */
export async function useCredential(
  database: Database,
  id: string,
  now: number,
): Promise<string | undefined> {
  const used = await database
    .update(credentials)
    .set({ usedAt: now })
    .where(and(eq(credentials.id, id), usable(now)));
  return used.rowsAffected > 0 ? undefined : "the credential was used up, revoked or ran out in the meantime";
}

function usable(now: number) {
  return and(
    gt(credentials.expires, now),
    isNull(credentials.revokedAt),
    or(eq(credentials.once, false), isNull(credentials.usedAt)),
  );
}
