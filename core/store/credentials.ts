import { and, desc, eq, getTableColumns, gt, isNull, lt, or, sql } from "drizzle-orm";
import type { IssuedCredential } from "../supervision.ts";
import type { Database } from "./open.ts";
import { credentials } from "./shared-schema.ts";

/** What there is to know of a credential, and nothing to check a proof by. Times are epoch milliseconds. */
export interface StoredCredential extends Omit<IssuedCredential, "verifier"> {
  readonly issuedAt: number;
  /** When it was used last, or used up. */
  readonly usedAt?: number;
  readonly revokedAt?: number;
}

export interface CredentialFilter {
  /** Also those that are good no more. */
  readonly all: boolean;
  readonly limit: number;
  /** Subjects that must be found in the identity, as whoever it is. */
  readonly about?: readonly string[];
}

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

const {
  salt: _salt,
  storedKey: _stored,
  serverKey: _server,
  iterations: _iterations,
  ...shown
} = getTableColumns(credentials);

/** Newest first. */
export async function listCredentials(
  database: Database,
  { all, limit, about = [] }: CredentialFilter,
  now: number,
): Promise<StoredCredential[]> {
  const concerns = about.map(
    (subject) => sql`instr(${credentials.identity}, ${JSON.stringify(subject)}) > 0`,
  );
  const rows = await database
    .select(shown)
    .from(credentials)
    .where(and(...concerns, all ? undefined : usable(now)))
    .orderBy(desc(credentials.issuedAt), desc(credentials.id))
    .limit(limit);
  return rows.map(storedOf);
}

/** Also one that is good no more. */
export async function storedCredential(
  database: Database,
  id: string,
): Promise<StoredCredential | undefined> {
  const [row] = await database.select(shown).from(credentials).where(eq(credentials.id, id));
  return row && storedOf(row);
}

function storedOf(row: Pick<typeof credentials.$inferSelect, keyof typeof shown>): StoredCredential {
  const { from, grant, usedAt, revokedAt, ...rest } = row;
  return {
    ...rest,
    ...(from === null ? {} : { from }),
    ...(grant === null ? {} : { grant }),
    ...(usedAt === null ? {} : { usedAt }),
    ...(revokedAt === null ? {} : { revokedAt }),
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
