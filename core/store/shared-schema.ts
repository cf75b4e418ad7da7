import { blob, index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Ended } from "../ending.ts";
import type { Identity } from "../identity.ts";
import type { Reason } from "../operation.ts";

/*
 * What gateways that share a store know together, kept nowhere else. Nothing in here lets anybody log in
 * anywhere. Times are epoch milliseconds.
 *
 * After a change: npx drizzle-kit generate --dialect sqlite --schema core/store/shared-schema.ts --out core/store/migrations/shared
 */

/** Short-lived caller credentials, as SCRAM-SHA-256 verifiers (RFC 5803): no password is stored. */
export const credentials = sqliteTable(
  "credentials",
  {
    id: text().primaryKey(),
    identity: text({ mode: "json" }).$type<Identity>().notNull(),
    iterations: integer().notNull(),
    salt: blob({ mode: "buffer" }).notNull(),
    storedKey: blob("stored_key", { mode: "buffer" }).notNull(),
    serverKey: blob("server_key", { mode: "buffer" }).notNull(),
    issuedAt: integer("issued_at").notNull(),
    expires: integer().notNull(),
    once: integer({ mode: "boolean" }).notNull().default(false),
    /** CIDR block that it is good from. */
    from: text(),
    /** The grant that it was issued under. */
    grant: text(),
    usedAt: integer("used_at"),
    revokedAt: integer("revoked_at"),
  },
  (table) => [index("credentials_expires").on(table.expires)],
);

/** Ends of access; `seq` is the order in which gateways take them in. */
export const endings = sqliteTable(
  "endings",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    at: integer().notNull(),
    of: text({ mode: "json" }).$type<Ended>().notNull(),
    /** endedKey(of). */
    key: text().notNull(),
    blocks: integer({ mode: "boolean" }).notNull(),
    reason: text({ mode: "json" }).$type<Reason>().notNull(),
    by: text().notNull(),
    liftedAt: integer("lifted_at"),
  },
  (table) => [index("endings_key").on(table.key)],
);

export const grantRequests = sqliteTable("grant_requests", {
  id: text().primaryKey(),
  identity: text({ mode: "json" }).$type<Identity>().notNull(),
  resource: text().notNull(),
  rules: text({ mode: "json" }).$type<readonly string[]>().notNull(),
  for: integer().notNull(),
  because: text(),
  ticket: text(),
  openedAt: integer("opened_at").notNull(),
  expires: integer().notNull(),
  by: text().notNull(),
  approvers: integer().$type<1 | 2>().notNull(),
  approved: text({ mode: "json" }).$type<readonly Identity[]>().notNull(),
  digest: text().notNull(),
  endedAt: integer("ended_at"),
  how: text().$type<"approved" | "denied" | "expired" | "withdrawn">(),
});

export const grants = sqliteTable(
  "grants",
  {
    id: text().primaryKey(),
    request: text().notNull(),
    identity: text({ mode: "json" }).$type<Identity>().notNull(),
    resource: text().notNull(),
    rules: text({ mode: "json" }).$type<readonly string[]>().notNull(),
    from: integer().notNull(),
    until: integer().notNull(),
    by: text({ mode: "json" }).$type<readonly Identity[]>().notNull(),
    because: text(),
    ticket: text(),
    breakGlass: integer("break_glass", { mode: "boolean" }).notNull(),
    endedAt: integer("ended_at"),
  },
  (table) => [index("grants_until").on(table.until)],
);

/** What was made on resources for one session each, and is not unmade yet. */
export const leases = sqliteTable("leases", {
  id: text().primaryKey(),
  resource: text().notNull(),
  session: text().notNull(),
  gateway: text().notNull(),
  worker: integer().notNull(),
  what: text().notNull(),
  madeAt: integer("made_at").notNull(),
  until: integer().notNull(),
});

/** Ids of assertions and tokens that are good for one use. */
export const seen = sqliteTable("seen", { key: text().primaryKey(), until: integer().notNull() }, (table) => [
  index("seen_until").on(table.until),
]);

/** What the policy's web faces keep; a key begins with the face that it belongs to. */
export const records = sqliteTable("records", { key: text().primaryKey(), value: text().notNull() });
