import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Finding } from "../finding.ts";
import type { Identity } from "../identity.ts";
import type { Action, Reason } from "../operation.ts";
import type { HoldEnd } from "../trail/entry.ts";
import type { Position } from "../trail/read.ts";

/*
 * The trail's index, in each gateway's own index.db: derived, and rebuilt from the segments by `reindex`. What
 * is kept nowhere else is in shared-schema.ts. Times are epoch milliseconds.
 *
 * After a change: npx drizzle-kit generate --dialect sqlite --schema core/store/schema.ts --out core/store/migrations/index
 * Where older files cannot be brought up to date without the trail: the one migration anew, and another `indexLayout` in open.ts.
 */

/** All but operations and their outcomes, of which `blocks` tells where they are. */
export const entries = sqliteTable(
  "entries",
  {
    stream: text().notNull(),
    seq: integer().notNull(),
    time: integer().notNull(),
    kind: text().notNull(),
    session: text(),
    /** The subject; that of whom it acts for beside it. */
    identity: text(),
    actingFor: text("acting_for"),
    resource: text(),
    text: text(),
    /** Each effect once, comma-separated, in the order of the actions. */
    effects: text(),
    rule: text(),
    verdict: text({ enum: ["allowed", "denied", "held"] }),
    policy: text(),
    /** The whole entry as the trail has it. */
    json: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.stream, table.seq] }),
    index("entries_time").on(table.time, table.stream, table.seq),
    index("entries_session").on(table.session, table.time),
    index("entries_identity").on(table.identity, table.time),
    index("entries_resource").on(table.resource, table.time),
  ],
);

export const sessions = sqliteTable(
  "sessions",
  {
    id: text().primaryKey(),
    stream: text().notNull(),
    identity: text({ mode: "json" }).$type<Identity>().notNull(),
    subject: text().notNull(),
    /** The subject of whom it acts for. */
    actingFor: text("acting_for"),
    resource: text().notNull(),
    protocol: text().notNull(),
    remote: text().notNull(),
    application: text(),
    policy: text().notNull(),
    openedAt: integer("opened_at").notNull(),
    closedAt: integer("closed_at"),
    reason: text({ mode: "json" }).$type<Reason>(),
    operations: integer(),
    recording: text(),
  },
  (table) => [index("sessions_opened").on(table.openedAt)],
);

export const holds = sqliteTable(
  "holds",
  {
    id: text().primaryKey(),
    session: text().notNull(),
    identity: text({ mode: "json" }).$type<Identity>().notNull(),
    resource: text().notNull(),
    text: text().notNull(),
    actions: text({ mode: "json" }).$type<readonly Action[]>().notNull(),
    parameters: text({ mode: "json" }).$type<readonly (string | null)[]>(),
    types: text({ mode: "json" }).$type<readonly string[]>(),
    findings: text({ mode: "json" }).$type<readonly Finding[]>(),
    batch: integer(),
    inTransaction: integer("in_transaction", { mode: "boolean" }).notNull(),
    by: text().notNull(),
    approvers: integer().$type<1 | 2>().notNull().default(1),
    /** The first of two. */
    approvedBy: text("approved_by", { mode: "json" }).$type<Identity>(),
    digest: text().notNull(),
    openedAt: integer("opened_at").notNull(),
    expires: integer().notNull(),
    endedAt: integer("ended_at"),
    how: text().$type<HoldEnd>(),
    endedBy: text("ended_by", { mode: "json" }).$type<Identity>(),
    because: text(),
  },
  (table) => [index("holds_opened").on(table.openedAt)],
);

/**
 * Stretches of a stream in which there are operations or outcomes. They come with all traffic, and a row for each would cost more
 * than the operation cost the gateway: a search reads them out of the segments.
 */
export const blocks = sqliteTable(
  "blocks",
  {
    stream: text().notNull(),
    /** Sequence numbers of the first and the last of these entries. */
    first: integer().notNull(),
    last: integer().notNull(),
    /** Where a reader begins. */
    position: text({ mode: "json" }).$type<Position>().notNull(),
    earliest: integer().notNull(),
    latest: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.stream, table.first] }), index("blocks_latest").on(table.latest)],
);

/** Which sessions have entries in which block. */
export const blockSessions = sqliteTable(
  "block_sessions",
  {
    session: text().notNull(),
    stream: text().notNull(),
    first: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.session, table.stream, table.first] }),
    index("block_sessions_block").on(table.stream, table.first),
  ],
);

/** How far the index has read each stream: written in the transaction that inserts what was read. */
export const positions = sqliteTable("positions", {
  stream: text().primaryKey(),
  position: text({ mode: "json" }).$type<Position>().notNull(),
});
