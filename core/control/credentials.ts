import { Hono } from "hono";
import * as v from "valibot";
import { defaultLife } from "../credential/issue.ts";
import { PosternError } from "../error.ts";
import type { Supervisor } from "../supervisor.ts";
import type { CredentialAnswer, TokenAnswer } from "./api.ts";
import { bearer, body, duration, operator } from "./request.ts";

const tokenRequest = v.strictObject({
  subject: v.pipe(v.string(), v.minLength(1)),
  groups: v.optional(v.array(v.string()), []),
  kind: v.optional(v.picklist(["person", "machine"]), "person"),
  person: v.optional(v.pipe(v.string(), v.minLength(1))),
  actingFor: v.optional(v.string()),
  ttl: duration("1h"),
});

const credentialRequest = v.strictObject({ resource: v.optional(v.string()), ttl: duration(defaultLife) });

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

/** For whoever shows a token. */
export function issueRoutes(supervisor: Supervisor): Hono {
  return new Hono().post("/credentials", async (context) => {
    const identity = await bearer(context, supervisor);
    const { resource, ttl } = await body(context, credentialRequest);
    const answer: CredentialAnswer = await supervisor.issueCredential(identity, ttl, resource);
    return context.json(answer, 201);
  });
}
