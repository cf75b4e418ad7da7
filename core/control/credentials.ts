import { Hono } from "hono";
import * as v from "valibot";
import { defaultLife } from "../credential/issue.ts";
import { PosternError } from "../error.ts";
import type { StoredCredential } from "../store/credentials.ts";
import type { Issued } from "../supervisor/issued.ts";
import type { Supervisor } from "../supervisor.ts";
import type { CredentialAnswer, CredentialView, TokenAnswer } from "./api.ts";
import { asker, bearer, body, duration, flag, operator, query } from "./request.ts";

const tokenRequest = v.strictObject({
  subject: v.pipe(v.string(), v.minLength(1)),
  groups: v.optional(v.array(v.string()), []),
  kind: v.optional(v.picklist(["person", "machine"]), "person"),
  person: v.optional(v.pipe(v.string(), v.minLength(1))),
  actingFor: v.optional(v.string()),
  ttl: duration("1h"),
});

const credentialRequest = v.strictObject({
  resource: v.exactOptional(v.string()),
  ttl: duration(defaultLife),
  once: v.exactOptional(v.boolean()),
  from: v.exactOptional(v.string()),
});

export function tokenRoutes(supervisor: Supervisor): Hono {
  const { keeper } = supervisor.parts;
  return new Hono().post("/tokens", async (context) => {
    const { actingFor: other, person, ...request } = await body(context, tokenRequest);
    const minter = keeper.minter;
    if (!minter) {
      throw new PosternError("token.no-mint", "No identity provider of the policy can mint tokens.", {
        hint: "`local()` can; for others, sign in where they are.",
      });
    }
    await supervisor.admin("token-mint", operator, request.subject);
    const door = keeper.door("control", operator);
    const actingFor = other === undefined ? undefined : await door.identify({ kind: "token", token: other });
    const expires = Math.min(Date.now() + request.ttl, actingFor?.expires ?? Number.POSITIVE_INFINITY);
    const token = await minter.mint({
      ...request,
      ...(person === undefined ? {} : { person }),
      ...(actingFor === undefined ? {} : { actingFor }),
    });
    const answer: TokenAnswer = { token, expires };
    return context.json(answer, 201);
  });
}

/** Whoever shows a token gets credentials and sees their own; without one, the operator sees all. */
export function issuedRoutes(supervisor: Supervisor): Hono {
  const { issued } = supervisor;
  return new Hono()
    .post("/credentials", async (context) => {
      const identity = await bearer(context, supervisor);
      const made = await issued.issue(identity, await body(context, credentialRequest));
      return context.json(credentialAnswer(made), 201);
    })
    .get("/credentials", async (context) => {
      const { all } = query(context, v.object({ all: flag }));
      const found = await issued.list(await asker(context, supervisor), all);
      return context.json({ credentials: found.map((stored) => credentialView(stored, Date.now())) });
    })
    .delete("/credentials/:id", async (context) => {
      await issued.revoke(context.req.param("id"), await asker(context, supervisor), operator);
      return context.body(null, 204);
    });
}

function credentialAnswer({ issued, password }: Awaited<ReturnType<Issued["issue"]>>): CredentialAnswer {
  const { id, identity, expires, once = false, from, grant } = issued;
  return {
    kind: "password",
    ...{ id, user: id, password, expires, once },
    ...(identity.resource === undefined ? {} : { resource: identity.resource }),
    ...(from === undefined ? {} : { from }),
    ...(grant === undefined ? {} : { grant }),
  };
}

function credentialView({ once = false, ...stored }: StoredCredential, now: number): CredentialView {
  const { identity, expires, usedAt, revokedAt } = stored;
  const state =
    revokedAt !== undefined
      ? "revoked"
      : once && usedAt !== undefined
        ? "used"
        : expires <= now
          ? "expired"
          : "good";
  const { resource } = identity;
  return { kind: "password", ...stored, once, state, ...(resource === undefined ? {} : { resource }) };
}
