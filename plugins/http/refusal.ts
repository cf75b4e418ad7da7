import type { Reason } from "../../core/plugin.ts";
import type { Refusal } from "./dialect.ts";

/** By code, or by what it begins with; what is not listed is 403: the caller is known and may not. */
const statuses: readonly (readonly [code: string, status: number])[] = [
  ["identity.", 401],
  ["resource.unknown", 404],
  ["login.provider", 502],
  ["http.path", 400],
  ["http.login", 400],
  ["http.graphql", 400],
  ["http.answer", 502],
  ["http.unsafe", 502],
  ["http.upgrade", 501],
  ["wire.closed", 502],
  ["wire.unreachable", 502],
  ["session.token-expired", 401],
  ["session.revalidation", 401],
  ["session.killed", 403],
  ["session.", 503],
  ["access.", 401],
  ["credential.revoked", 401],
  ["limit.header", 431],
  ["limit.rate", 429],
  ["limit.statement-time", 504],
  ["limit.sessions", 429],
  ["limit.bodies", 429],
  ["limit.holds", 429],
  ["limit.unauthenticated", 503],
  ["limit.intake", 413],
  ["limit.", 413],
  ["wire.timeout", 408],
  ["deadline.", 504],
  ["resource.timeout", 504],
  ["resource.", 502],
  ["tls.", 502],
  ["credential.", 502],
  ["secret.", 502],
  ["answer.", 502],
  ["gateway.stopping", 503],
  ["gateway.", 500],
  ["guardrail.", 500],
  ["trail.", 503],
];

export function statusOf({ code }: Reason): number {
  return (
    statuses.find(([known]) => (known.endsWith(".") ? code.startsWith(known) : code === known))?.[1] ?? 403
  );
}

/** What a refusal says, in whatever form: RFC 9457, with the gateway's own members. */
export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly rule?: string;
  readonly hint?: string;
  readonly session?: string;
}

export function problemOf(status: number, reason: Reason, session: string | undefined): Problem {
  const { code, message, rule, hint } = reason;
  return {
    type: "about:blank",
    title: titles[status] ?? "Refused",
    status,
    detail: message,
    code,
    ...(rule === undefined ? {} : { rule }),
    ...(hint === undefined ? {} : { hint }),
    ...(session === undefined ? {} : { session }),
  };
}

/** `application/problem+json` (RFC 9457). */
export function problemJson(status: number, reason: Reason, session: string | undefined): Refusal {
  const body = Buffer.from(`${JSON.stringify(problemOf(status, reason, session))}\n`);
  return {
    head: {
      status,
      reason: titles[status] ?? "",
      fields: [
        "Content-Type",
        "application/problem+json",
        "Cache-Control",
        "no-store",
        ...(status === 401 ? ["WWW-Authenticate", 'Bearer realm="postern"'] : []),
      ],
    },
    body,
  };
}

/** Reason phrases (RFC 9110, 15; RFC 6585). */
export const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  417: "Expectation Failed",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};
