import { Hono } from "hono";
import * as v from "valibot";
import { type Ended, ends, isSpent } from "../ending.ts";
import { PosternError } from "../error.ts";
import type { Reason } from "../operation.ts";
import type { Supervisor } from "../supervisor.ts";
import type { EndedAnswer } from "./api.ts";
import { body, operator } from "./request.ts";
import { unknownSession } from "./sessions.ts";

const text = v.pipe(v.string(), v.minLength(1));
const ended = v.variant("kind", [
  v.strictObject({ kind: v.literal("identity"), subject: text, issuer: v.exactOptional(text) }),
  v.strictObject({ kind: v.literal("login"), issuer: text, session: text }),
  v.strictObject({ kind: v.picklist(["credential", "session", "grant"]), id: text }),
]);
const wish = v.strictObject({
  of: ended,
  because: v.optional(v.string()),
  blocks: v.optional(v.boolean(), false),
});

export function endingRoutes(supervisor: Supervisor): Hono {
  const { board, endings, keeper } = supervisor.parts;
  return new Hono()
    .get("/endings", (context) => {
      const inForce = endings.all().filter((ending) => !isSpent(ending, Date.now()));
      return context.json({ endings: inForce.sort((one, other) => other.at - one.at) });
    })
    .post("/endings", async (context) => {
      const { of, because, blocks } = await body(context, wish);
      const open = board.sessions();
      // Another gateway of the store may have it.
      if (of.kind === "session" && !board.session(of.id) && !keeper.policy.store) throw unknownSession(of.id);
      if (of.kind === "grant" && !(await isGrant(supervisor, of.id))) throw unknownGrant(of.id);
      const ending = await supervisor.end({ of, blocks, by: operator, reason: reasonOf(of, because) });
      const sessions = open.filter((session) => ends(ending, session)).map(({ id }) => id);
      const answer: EndedAnswer = { ending, sessions };
      return context.json(answer, 201);
    })
    .delete("/endings", async (context) => {
      const { of } = await body(context, v.strictObject({ of: ended }));
      return context.json({ lifted: await endings.lift(of, operator, "all") });
    });
}

/** Open here, which needs no store, or one that there was. */
async function isGrant({ parts: { grants } }: Supervisor, id: string): Promise<boolean> {
  return grants.open.some((open) => open.id === id) || (await grants.grants()).some((any) => any.id === id);
}

function unknownGrant(id: string): PosternError {
  return new PosternError("grant.unknown", `There is no grant ${id}.`, {
    hint: "`postern grants list --all` shows those that there were.",
  });
}

const codes: Readonly<Record<Ended["kind"], string>> = {
  identity: "access.revoked",
  login: "access.revoked",
  session: "access.revoked",
  credential: "credential.revoked",
  grant: "grant.ended",
};

/** What the callers whom it ends read. */
function reasonOf({ kind }: Ended, because: string | undefined): Reason {
  const what =
    kind === "credential"
      ? "This credential was revoked"
      : kind === "grant"
        ? "The grant was ended"
        : "Your access was ended";
  return {
    code: codes[kind],
    message: `${what} by an operator${because === undefined ? "." : `: ${because}`}`,
    hint: "Ask whoever runs the gateway.",
  };
}
