import { type Lease, PosternError } from "../../../core/plugin.ts";
import type { Admin } from "./admin.ts";
import { isRoleName, markOf } from "./name.ts";
import { identifier } from "./text.ts";

/** Milliseconds that a backend has to end in. */
const farewell = 5_000;

/**
 * Ends what a session's role runs, gives what it owns to the role that it acted as, and drops it. `absent`:
 * there is none of that name. Throws `postgres.not-ours` where the role is not the one that was made under
 * this lease, and what Control throws; then it may still be there.
 */
export async function unmake(admin: Admin, lease: Pick<Lease, "id" | "what">): Promise<"gone" | "absent"> {
  const found = await find(admin, lease.what);
  if (!found) return "absent";
  if (!isRoleName(lease.what) || !found.comment.startsWith(markOf(lease.id))) throw notOurs(lease);
  const role = identifier(lease.what);
  const { version } = await admin.server();
  await admin.script(
    `alter role ${role} nologin`,
    // To end its backends and to give away what it owns takes a member of it.
    `grant ${role} to current_user${version >= 160_000 ? " with inherit true, set false" : ""}`,
  );
  await endBackends(admin, found.oid);
  await disown(admin, found, role);
  await admin.script(`drop role ${role}`);
  return "gone";
}

interface Found {
  readonly oid: string;
  readonly comment: string;
  /** The role that it acts as; undefined: that is gone. */
  readonly as: string | undefined;
}

async function find(admin: Admin, name: string): Promise<Found | undefined> {
  const [row] = await admin.query(
    `select r.oid::text, shobj_description(r.oid, 'pg_authid'),
       (select a.rolname from pg_auth_members m join pg_roles a on a.oid = m.roleid where m.member = r.oid limit 1)
     from pg_roles r where r.rolname = $1`,
    [name],
  );
  return row && { oid: row[0] ?? "", comment: row[1] ?? "", as: row[2] ?? undefined };
}

/** One that ends by itself meanwhile is told as not ended: who is still there is asked anew. */
async function endBackends(admin: Admin, oid: string): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    const ended = await admin.query(
      `select pg_terminate_backend(pid, ${farewell})::text from pg_stat_activity where usesysid = $1::text::oid`,
      [oid],
    );
    if (ended.every(([gone]) => gone === "true")) return;
  }
  throw new PosternError("postgres.backend", "What a session's role runs on the resource does not end.");
}

/** It owns something only where its session went around the gateway's rules, and left the role that it acted as. */
async function disown(admin: Admin, { oid, as }: Found, role: string): Promise<void> {
  const owned = await admin.query(
    `select distinct coalesce(d.datname, current_database()) from pg_shdepend s left join pg_database d on d.oid = s.dbid
     where s.refclassid = 'pg_authid'::regclass and s.refobjid = $1::text::oid`,
    [oid],
  );
  for (const [database] of owned) {
    const there = admin.elsewhere(database ?? "");
    try {
      await there.script(
        `reassign owned by ${role} to ${as === undefined ? "current_user" : identifier(as)}`,
        `drop owned by ${role}`,
      );
    } finally {
      await there.close();
    }
  }
}

function notOurs({ id, what }: Pick<Lease, "id" | "what">): PosternError {
  return new PosternError(
    "postgres.not-ours",
    `The role ${what} is not marked as the one that was made under ${id}, and stays.`,
    { hint: "Whoever changed its comment drops it." },
  );
}
