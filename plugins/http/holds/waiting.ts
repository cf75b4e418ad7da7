import type { Gate, HeldOperation } from "../../../core/plugin.ts";
import type { Exchange } from "../exchange.ts";
import { listOf } from "../message.ts";
import { accepted, keepPending } from "./pending.ts";

/** Milliseconds between two interim answers. */
const between = 15_000;

/** A request while it waits for a person. */
export interface Waiting {
  /** Who takes its answer. */
  readonly exchange: Exchange;
  /** It waits no more. */
  over(): void;
}

/**
 * Silent, unless the request says what it would rather have (RFC 7240): `respond-async` is answered at once with where
 * to look, `processing` has interim answers (102; RFC 2518, 10.1). `read`: all of the
 * request's body was; `prefix`: what of the path named the resource.
 */
export function whileHeld(
  exchange: Exchange,
  read: boolean,
  hold: HeldOperation,
  prefix: string,
  gate: Gate,
): Waiting {
  const { fields } = exchange.request;
  const wishes = listOf(fields, "prefer").map((each) => each.split(";", 1)[0]?.trim());
  const kept =
    wishes.includes("respond-async") && exchange.upgrade === undefined && (read || !exchange.body)
      ? keepPending(exchange, hold, prefix, gate)
      : undefined;
  if (kept) {
    const applied = ["Preference-Applied", "respond-async"];
    const { head, body } = accepted(kept.location, hold, applied);
    exchange.respond(head, body.length);
    exchange.write(body);
    exchange.end();
    return { exchange: kept.exchange, over() {} };
  }
  if (!wishes.includes("processing")) return { exchange, over() {} };
  const inform = () => exchange.inform({ status: 102, reason: "Processing", fields: [] });
  inform();
  const timer = setInterval(inform, between);
  return { exchange, over: () => clearInterval(timer) };
}
