import { PosternError, type ScramVerifier } from "../../../core/plugin.ts";
import { QueryRefused } from "../control.ts";
import type { Admin, Server } from "./admin.ts";
import { identifier, literal } from "./text.ts";

export interface NewRole {
  readonly name: string;
  /** The role that it acts as. */
  readonly as: string;
  readonly verifier: ScramVerifier;
  /** Epoch milliseconds by our own clock after which nobody logs in with it. */
  readonly validUntil: number;
  readonly comment: string;
}

/** Throws `postgres.admin`, where nothing was made, and what Control throws, where nobody knows. */
export async function make(admin: Admin, role: NewRole): Promise<void> {
  const server = await admin.server();
  try {
    await admin.script(...statements(role, server));
  } catch (error) {
    throw error instanceof QueryRefused ? notMade(role.as, error) : error;
  }
}

/**
 * A login that owns nothing and may do nothing but become the other role, which it does at once. What RESET and
 * DISCARD go back to is that role too.
 */
function statements({ name, as, verifier, validUntil, comment }: NewRole, server: Server): string[] {
  const role = identifier(name);
  const until = new Date(validUntil + server.ahead).toISOString();
  // Before 16 a grant is inherited as its member's NOINHERIT says, and allows SET ROLE.
  const only = server.version >= 160_000 ? " with inherit false, set true" : "";
  return [
    `create role ${role} login noinherit nosuperuser nocreatedb nocreaterole noreplication connection limit 1
       password ${literal(secretOf(verifier))} valid until ${literal(until)}`,
    `grant ${identifier(as)} to ${role}${only}`,
    `alter role ${role} set role = ${literal(as)}`,
    `comment on role ${role} is ${literal(comment)}`,
  ];
}

/** As PostgreSQL stores it, so that no server log ever has the password. */
function secretOf({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const [salted, stored, server] = [salt, storedKey, serverKey].map((bytes) =>
    Buffer.from(bytes).toString("base64"),
  );
  return `SCRAM-SHA-256$${iterations}:${salted}$${stored}:${server}`;
}

const setUp =
  "The operator finds what the gateway's login needs in plugins/postgres/README.md, Roles of sessions.";

function notMade(as: string, cause: QueryRefused): PosternError {
  const why: Readonly<Record<string, string>> = {
    "42704": `There is no role ${as} on the resource.`,
    "42501": `The gateway's login may not make roles on the resource, or may not let them be ${as}.`,
    "0LP01": `The resource lets nobody be ${as} for a session.`,
    "25006": "The resource is a standby, on which no role can be made.",
  };
  const message = why[cause.sqlstate] ?? "The resource did not take the role that is made for the session.";
  return new PosternError("postgres.admin", message, { hint: setUp, cause });
}
