import type { Reason } from "../../core/plugin.ts";
import { type Refusal, titles } from "../http/kit.ts";

/** Reasons of a Status (k8s.io/apimachinery, meta/v1, StatusReason) by HTTP status. */
const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  413: "RequestEntityTooLarge",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** A refusal as kube-apiserver would word one, so that kubectl shows it whole: a Status object. */
export function statusObject(status: number, reason: Reason, session: string | undefined): Refusal {
  const { code, message, hint, rule } = reason;
  const told = [
    hint === undefined || /[.!?]$/.test(message) ? message : `${message}.`,
    ...(hint === undefined ? [] : [hint]),
    `[${[code, ...(rule === undefined ? [] : [`rule ${rule}`]), ...(session === undefined ? [] : [session])].join(", ")}]`,
  ];
  const causes = [
    { reason: code, message },
    ...(hint === undefined ? [] : [{ reason: "hint", message: hint }]),
    ...(rule === undefined ? [] : [{ reason: "rule", message: rule }]),
    ...(session === undefined ? [] : [{ reason: "session", message: session }]),
  ];
  const body = Buffer.from(
    `${JSON.stringify({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: `postern: ${told.join(" ")}`,
      reason: reasons[status] ?? "",
      details: { causes },
      code: status,
    })}\n`,
  );
  return {
    head: {
      status,
      reason: titles[status] ?? "",
      fields: [
        "Content-Type",
        "application/json",
        "Cache-Control",
        "no-cache, private",
        ...(status === 401 ? ["WWW-Authenticate", 'Bearer realm="postern"'] : []),
      ],
    },
    body,
  };
}
