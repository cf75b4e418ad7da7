import { type Gate, identityLabel } from "../../../core/plugin.ts";
import type { DialedState } from "../dial.ts";
import { isRoleName } from "../roles/name.ts";

type Session = Gate["session"];

type Target = DialedState["target"];

/** Which session of this process each backend of a server serves, by address and then by process id. */
const sessions = new Map<string, Map<number, Session>>();

/** Until `served`. A server that takes no cancel requests tells no process id. */
export function serving(session: Session, target: Target, processId: number): void {
  const address = addressOf(target);
  const here = sessions.get(address) ?? new Map<number, Session>();
  sessions.set(address, here.set(processId, session));
}

export function served(session: Session, target: Target, processId: number): void {
  const address = addressOf(target);
  const here = sessions.get(address);
  if (here?.get(processId) !== session) return;
  here.delete(processId);
  if (here.size === 0) sessions.delete(address);
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
export function whoseBackend(target: Target, { processId, application, role, comment }: Backend): string {
  const session = sessions.get(addressOf(target))?.get(processId);
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

function addressOf({ host, port }: Target): string {
  return `${host} ${port}`;
}
