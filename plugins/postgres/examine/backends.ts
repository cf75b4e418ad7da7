import { type Gate, identityLabel } from "../../../core/plugin.ts";
import type { DialedState } from "../dial.ts";

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

/**
 * Whose backend it is, in words. A session may call itself what it likes (`set application_name`), so that the name alone is
 * only what it says of itself: of sessions of other processes and gateways there is nothing else.
 */
export function whoseBackend(
  target: DialedState["target"],
  processId: number,
  application: string,
  role: string,
): string {
  const session = sessions.get(placeOf(target, processId));
  const said = /postern:(ses_\w+)(?: (.*))?$/.exec(application);
  if (session) {
    const whose = `${session.id} of ${identityLabel(session.identity)}`;
    return said?.[1] === session.id ? whose : `${whose}, which calls itself "${application}"`;
  }
  if (said) return `"postern:${said[1]}${said[2] === undefined ? "" : ` ${said[2]}`}" by its own name`;
  return `${application === "" ? "a client" : `"${application}"`} that did not come through this gateway, as role ${role}`;
}

function placeOf({ host, port }: DialedState["target"], processId: number): string {
  return `${host} ${port} ${processId}`;
}
