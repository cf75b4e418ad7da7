import type { Identity } from "../identity.ts";
import type { Entry, Written } from "../trail/entry.ts";
import type { entries } from "./schema.ts";

export type EntryRow = typeof entries.$inferInsert;

/** What an entry that names only its session takes over from the session's opening entry. */
export interface Owner {
  readonly identity: Identity;
  readonly resource: string;
}

/** The index row of one entry. `owner`: of its session, where that is known. */
export function entryRow(stream: string, entry: Written, owner: Owner | undefined): EntryRow {
  const identity = "identity" in entry ? entry.identity : owner?.identity;
  const resource = "resource" in entry ? entry.resource : owner?.resource;
  return {
    stream,
    seq: entry.seq,
    time: entry.time,
    kind: entry.kind,
    session: "session" in entry ? entry.session : null,
    ...ownerColumns(identity),
    resource: resource ?? null,
    text: textOf(entry),
    effects: "actions" in entry ? [...new Set(entry.actions.map(({ effect }) => effect))].join(",") : null,
    rule: rule(entry),
    verdict: verdicts[entry.kind] ?? null,
    policy: "policy" in entry ? entry.policy : null,
    json: JSON.stringify(entry),
  };
}

/** What a search finds it by: what was asked, or the id that a caller was given with a refusal. */
function textOf(entry: Entry): string | null {
  if (entry.kind === "login-refused") return entry.id;
  return "text" in entry ? entry.text : null;
}

export function ownerColumns(identity: Identity | undefined) {
  return { identity: identity?.subject ?? null, actingFor: identity?.actingFor?.subject ?? null };
}

export const verdicts: Partial<Record<Entry["kind"], "allowed" | "denied" | "held">> = {
  operation: "allowed",
  denied: "denied",
  "connect-denied": "denied",
  "login-refused": "denied",
  hold: "held",
};

function rule(entry: Entry): string | null {
  if (entry.kind === "operation") return [...new Set(entry.rules)].join(",") || null;
  return "reason" in entry && typeof entry.reason === "object" ? (entry.reason.rule ?? null) : null;
}
