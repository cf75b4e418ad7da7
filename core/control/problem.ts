import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { PosternError } from "../error.ts";
import type { Reason } from "../operation.ts";
import type { Problem } from "./api.ts";

type Status = 400 | 401 | 403 | 404 | 409 | 500 | 503;

/** Where the code alone says it; everything else that a PosternError tells is the request's fault. */
const statuses: Readonly<Record<string, Status>> = {
  "identity.refused": 401,
  "request.no-token": 401,
  "session.unknown": 404,
  "resource.unknown": 404,
  "hold.unknown": 404,
  "credential.unknown": 404,
  "recording.none": 404,
  "request.no-route": 404,
  "request.unknown": 404,
  "grant.unknown": 404,
  "approval.refused": 409,
  "token.no-mint": 409,
  "policy.not-reloaded": 409,
  "worker.gone": 503,
  "worker.late": 503,
  "peer.gone": 503,
  "store.closed": 503,
  "store.failed": 503,
  "store.unreachable": 503,
  "store.refused": 503,
  "trail.full": 503,
  "trail.dead": 503,
  "trail.late": 503,
  "gateway.internal": 500,
};

export function problem(context: Context, reason: Reason): Response {
  const status = statuses[reason.code] ?? 400;
  const body: Problem = { status, ...reason };
  return context.body(JSON.stringify(body), status, { "content-type": "application/problem+json" });
}

/** What a handler threw, as the caller may see it. `unexpected` gets what is our own fault. */
export function asReason(error: Error, unexpected: (error: Error) => void): Reason {
  if (error instanceof PosternError && error.code !== "gateway.internal") return error.reason;
  if (error instanceof HTTPException) return { code: "request.malformed", message: error.message };
  unexpected(error);
  return {
    code: "gateway.internal",
    message: "The gateway failed at this request.",
    hint: "The reason is in the gateway's log.",
  };
}
