import { Hono } from "hono";
import * as v from "valibot";
import { PosternError } from "../error.ts";
import type { SessionRow } from "../store/query.ts";
import type { Supervisor } from "../supervisor.ts";
import type { Written } from "../trail/entry.ts";
import type { OperationView, SessionDetail, SessionView } from "./api.ts";
import { body, flag, operator, query } from "./request.ts";

export function sessionRoutes(supervisor: Supervisor): Hono {
  const { board, index } = supervisor.parts;
  return new Hono()
    .get("/sessions", async (context) => {
      const { all } = query(context, v.object({ all: flag }));
      const open: readonly SessionView[] = board.sessions();
      if (!all) return context.json({ sessions: open });
      await index.call("fresh");
      const ended = (await index.call("sessions", 1000)).map(sessionView);
      return context.json({ sessions: [...open, ...ended] });
    })
    .get("/sessions/:id", async (context) => {
      const id = context.req.param("id");
      await index.call("fresh");
      const known = await index.call("session", id);
      // An open one that the index has not seen yet has done nothing worth waiting for.
      const session = known ? sessionView(known) : board.session(id);
      if (!session) throw unknownSession(id);
      const { entries, whole } = await index.call("sessionEntries", id);
      const detail: SessionDetail = { session, operations: operationViews(entries) };
      return context.json(whole ? detail : { ...detail, unreadable: true });
    })
    .delete("/sessions/:id", async (context) => {
      const { because } = await body(context, v.object({ because: v.optional(v.string()) }));
      await supervisor.endSession(context.req.param("id"), operator, because);
      return context.body(null, 204);
    });
}

export function unknownSession(id: string): PosternError {
  return new PosternError("session.unknown", `There is no session ${id}.`, {
    hint: "`postern sessions list --all` shows those that there were.",
  });
}

function sessionView(row: SessionRow): SessionView {
  const { id, identity, resource, protocol, remote, openedAt, policy } = row;
  return {
    ...{ id, identity, resource, protocol, remote, openedAt, policyVersion: policy },
    ...(row.application === null ? {} : { application: row.application }),
    ...(row.closedAt === null ? {} : { closedAt: row.closedAt }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.recording === null ? {} : { recording: row.recording }),
  };
}

/** One view for each thing that was asked; outcomes join the operation that they end. */
function operationViews(entries: readonly Written[]): OperationView[] {
  const outcomes = new Map<number, Extract<Written, { kind: "outcome" }>>();
  for (const entry of entries) if (entry.kind === "outcome") outcomes.set(entry.op, entry);
  return entries.flatMap((entry) => {
    const view = operationView(entry);
    const end = entry.kind === "operation" ? outcomes.get(entry.seq) : undefined;
    return view ? [{ ...view, ...(end ? { outcome: end.outcome, ms: end.ms } : {}) }] : [];
  });
}

function operationView(entry: Written): OperationView | undefined {
  if (entry.kind !== "operation" && entry.kind !== "denied" && entry.kind !== "hold") return undefined;
  const { seq, time, text } = entry;
  const effects = [...new Set(entry.actions.map(({ effect }) => effect))];
  const asked = { seq, time, text, effects };
  switch (entry.kind) {
    case "operation":
      return {
        ...asked,
        verdict: "allowed",
        rules: entry.rules,
        ...(entry.hold === undefined ? {} : { hold: entry.hold }),
      };
    case "denied": {
      const { reason } = entry;
      return { ...asked, verdict: "denied", rules: reason.rule === undefined ? [] : [reason.rule], reason };
    }
    case "hold":
      return { ...asked, verdict: "held", rules: [], hold: entry.hold };
  }
}
