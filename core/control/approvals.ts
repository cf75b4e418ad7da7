import { Hono } from "hono";
import * as v from "valibot";
import type { HoldRow } from "../store/query.ts";
import type { HoldEvent } from "../supervisor/board.ts";
import type { RequestEvent } from "../supervisor/request-board.ts";
import type { Supervisor } from "../supervisor.ts";
import type { HoldView } from "./api.ts";
import { bearer, body, flag, ndjsonOf, query } from "./request.ts";

const answer = v.strictObject({
  approve: v.boolean(),
  because: v.optional(v.pipe(v.string(), v.maxLength(1000))),
  digest: v.optional(v.string()),
});

export function approvalRoutes(supervisor: Supervisor): Hono {
  const { board, index, grants } = supervisor.parts;
  return new Hono()
    .get("/approvals", async (context) => {
      const { all } = query(context, v.object({ all: flag }));
      const open: readonly HoldView[] = board.holds();
      if (!all) return context.json({ approvals: open, requests: grants.board.waiting });
      await index.call("fresh");
      const ended = (await index.call("holds", 1000)).map(holdView);
      const requests = await grants.requests();
      return context.json({ approvals: [...open, ...ended], requests: requests.toReversed() });
    })
    .get("/approvals/watch", () =>
      ndjsonOf((write: (event: HoldEvent | RequestEvent) => void) => {
        for (const hold of board.holds()) write({ event: "opened", hold });
        for (const request of grants.board.waiting) write({ event: "requested", request });
        const ends = [board.watch(write), grants.board.watch(write)];
        return () => {
          for (const end of ends) end();
        };
      }),
    );
}

/** For whoever shows a token. */
export function answerRoutes(supervisor: Supervisor): Hono {
  return new Hono().post("/approvals/:id", async (context) => {
    const by = await bearer(context, supervisor);
    const { approve, because, digest } = await body(context, answer);
    await supervisor.settle(context.req.param("id"), {
      approve,
      by,
      ...(because === undefined ? {} : { because }),
      ...(digest === undefined ? {} : { digest }),
    });
    return context.body(null, 204);
  });
}

function holdView(row: HoldRow): HoldView {
  const { id, session, identity, resource, text, actions, inTransaction, openedAt, expires } = row;
  const { by, approvers, approvedBy, digest, how, endedBy } = row;
  const approved = [approvedBy, how === "approved" ? endedBy : null].filter((one) => one !== null);
  return {
    ...{ id, session, identity, resource, text, actions, inTransaction, openedAt, expires },
    ...{ by, approvers, approved, digest },
    ...(row.parameters === null ? {} : { parameters: row.parameters }),
    ...(row.types === null ? {} : { types: row.types }),
    ...(row.findings === null ? {} : { findings: row.findings }),
    ...(row.batch === null ? {} : { batch: row.batch }),
    ...(row.endedAt === null ? {} : { endedAt: row.endedAt }),
    ...(how === null ? {} : { how }),
    ...(endedBy === null ? {} : { endedBy }),
    ...(row.because === null ? {} : { because: row.because }),
  };
}
