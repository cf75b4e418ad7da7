import { type Gate, identityLabel } from "../../../core/plugin.ts";
import type { DialedState } from "../dial.ts";
import { isRoleName } from "../roles/name.ts";

type Session = Gate["session"];

/** Which session of this process each backend of a server serves, by address and process id. */
const sessions = new Map<string, Session>();

/** Until what it returns is called. A server that takes no cancel requests tells no process id. */
export function serving(session: Session, { target, key }: DialedState): () => void {
  if (!key) return () => {};
  const place = placeOf(target, key.processId);
  sessions.set(place, session);
  return () => {
    if (sessions.get(place) === session) sessions.delete(place);
  };
}

/** A backend as the server tells of it. */
export interface Backend {
  readonly processId: number;
  readonly application: string;
  /** Whom it logged in as, and what the comment on that role says. */
  readonly role: string;
  readonly comment: string;
}

/**
 * Whose backend it is, in words. A session may call itself what it likes (`set application_name`), so that the name alone
 * is only what it says of itself; sure is what this process knows, and what is written on a role that was made for a session.
 */
export function whoseBackend(
  target: DialedState["target"],
  { processId, application, role, comment }: Backend,
): string {
  const session = sessions.get(placeOf(target, processId));
  const said = /postern:(ses_\w+)(?: (.*))?$/.exec(application);
  if (session) {
    const whose = `${session.id} of ${identityLabel(session.identity)}`;
    return said?.[1] === session.id ? whose : `${whose}, which calls itself "${application}"`;
  }
  const made = isRoleName(role) ? /^postern lease_\w+: (.*), gateway \S+$/.exec(comment)?.[1] : undefined;
  if (made !== undefined) return made;
  if (said) return `"${said[0]}" by its own name, as role ${role}`;
  return `${application === "" ? "a client" : `"${application}"`} that did not come through this worker, as role ${role}`;
}

function placeOf({ host, port }: DialedState["target"], processId: number): string {
  return `${host} ${port} ${processId}`;
}
