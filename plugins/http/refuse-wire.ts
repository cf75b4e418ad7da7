import type { Reason, Wire } from "../../core/plugin.ts";
import type { Dialect } from "./dialect.ts";
import { responseText } from "./h1/encode.ts";
import { statusOf } from "./refusal.ts";

/** Refuses a whole connection, before or between requests: an answer that nobody asked for, and the end (RFC 9112, 9.5). */
export function refuseWire(
  dialect: Dialect,
  caller: Wire,
  reason: Reason,
  session: string | undefined,
): void {
  if (caller.tls?.alpn === "h2") return;
  const request = { method: "GET", target: "/", authority: "", version: "1.1", fields: [] } as const;
  const { head, body } = dialect.refusal(statusOf(reason), reason, session, request);
  caller.write(Buffer.concat([Buffer.from(responseText(head, body.length, "close"), "latin1"), body]));
}
