import type { Notice } from "../notifier.ts";
import type { Owner } from "../store/row.ts";
import type { Written } from "../trail/entry.ts";

/** What an entry is told as; undefined: nobody outside needs to know. `owner`: of its session, where known. */
export function noticeOf(stream: string, entry: Written, owner: Owner | undefined): Notice | undefined {
  const told = { id: `${stream}-${entry.seq}`, time: entry.time };
  const whose = owner && { identity: owner.identity, resource: owner.resource };
  switch (entry.kind) {
    case "hold": {
      const { hold, session, identity, resource, text, actions, by, expires, inTransaction } = entry;
      const { batch, findings } = entry;
      const approvers: 1 | 2 = entry.approvers ?? 1;
      const asked = {
        hold,
        session,
        identity,
        resource,
        text,
        actions,
        by,
        approvers,
        expires,
        inTransaction,
        ...(batch === undefined ? {} : { batch }),
        ...(findings === undefined ? {} : { findings }),
      };
      return { ...told, type: "hold.opened", data: asked };
    }
    case "hold-ended": {
      const { hold, session, how, by, because } = entry;
      const answer = { ...(by ? { by } : {}), ...(because === undefined ? {} : { because }) };
      return { ...told, type: "hold.ended", data: { hold, session, ...whose, how, ...answer } };
    }
    case "abandoned": {
      const { hold, session } = entry;
      if (hold === undefined) return undefined;
      return { ...told, type: "hold.ended", data: { hold, session, ...whose, how: "abandoned" } };
    }
    case "denied": {
      const { session, text, actions, reason } = entry;
      return { ...told, type: "operation.denied", data: { session, ...whose, text, actions, reason } };
    }
    case "connect-denied": {
      const { identity, resource, protocol, remote, reason } = entry;
      return { ...told, type: "session.denied", data: { identity, resource, protocol, remote, reason } };
    }
    case "grant-requested": {
      const { kind: _, seq: __, time: ___, digest: ____, ...data } = entry;
      return { ...told, type: "grant.requested", data };
    }
    case "grant-answered": {
      const { kind: _, seq: __, time: ___, ...data } = entry;
      return { ...told, type: "grant.answered", data };
    }
    case "grant-opened": {
      const { kind: _, seq: __, time: ___, from: ____, breakGlass, ...data } = entry;
      return { ...told, type: breakGlass ? "grant.break-glass" : "grant.opened", data };
    }
    case "grant-ended": {
      const { kind: _, seq: __, time: ___, ...data } = entry;
      return { ...told, type: "grant.ended", data };
    }
    case "login-refused": {
      const { protocol, remote, id, check } = entry;
      return { ...told, type: "login.refused", data: { protocol, remote, id, check } };
    }
    default:
      return undefined;
  }
}
