import { type Outcome, type Pass, PosternError, type Reason, type Wire } from "../../../core/plugin.ts";
import { looksAtBodies } from "../body/index.ts";
import type { Tunnel, Tunnelling } from "../dialect.ts";
import type { ResponseHead } from "../message.ts";
import type { HttpReach } from "../reach/reach.ts";
import type { ExchangeRecord } from "./exchange-record.ts";
import type { RelayParts } from "./parts.ts";
import { splice } from "./splice.ts";

/** Milliseconds in which a side may take what was said to it last. */
const lastWords = 2_000;

/**
 * How what this exchange's upgrade leads to is carried; undefined: as bytes. Throws PosternError `http.upgrade` where
 * somebody looks at it, and nothing here can look into it.
 */
export function tunnellingOf({ asked, pass, visit, connection }: RelayParts): Tunnelling | undefined {
  if (asked.upgrade === undefined) return undefined;
  const looked = visit.gate.recordsWire || looksAtBodies(pass.answer);
  const tunnelling = connection.dialect.tunnel?.(asked, pass.answer, looked);
  if (looked && tunnelling === undefined) throw noTunnel;
  return tunnelling;
}

/** Carries what follows an upgrade until it is over, and tells how it ended. `head`: as the caller gets it. Never rejects. */
export async function carryOn(
  { exchange, asked, visit, pass, handling }: RelayParts,
  tunnelling: Tunnelling | undefined,
  record: ExchangeRecord | undefined,
  head: ResponseHead,
  resource: Wire,
): Promise<void> {
  const { gate, limits } = visit;
  const caller = exchange.switch(head);
  // The session stays until its end was told in the tunnel's own form; whoever does not heed that is cut off.
  const tunnel = {
    cut() {
      caller.destroy();
      resource.destroy();
    },
  };
  visit.enter(tunnel);
  const nextChannel = () => (visit.reach as HttpReach).nextChannel();
  const parts = { asked, head, caller, resource, gate, pass, limits, record, nextChannel };
  pass.end(await outcomeOf(tunnelling, parts));
  visit.leave(tunnel);
  handling.done();
}

async function outcomeOf(
  tunnelling: Tunnelling | undefined,
  parts: Omit<Tunnel, "signal">,
): Promise<Outcome> {
  const { caller, resource, gate, pass } = parts;
  const over = new AbortController();
  const end = () => over.abort(gate.signal.reason);
  if (gate.signal.aborted) end();
  else gate.signal.addEventListener("abort", end, { once: true });
  const deadline = endsAt(pass, (reason) => over.abort(reason));
  const tunnel: Tunnel = { ...parts, signal: over.signal };
  try {
    return await (tunnelling ? tunnelling.carry(tunnel) : splice(tunnel));
  } catch (error) {
    const code = error instanceof PosternError ? error.code : "gateway.failed";
    return { result: over.signal.aborted ? "cancelled" : "error", code };
  } finally {
    clearTimeout(deadline);
    gate.signal.removeEventListener("abort", end);
    for (const wire of [caller, resource]) {
      wire.end();
      const cut = setTimeout(() => wire.destroy(), lastWords);
      void wire.gone.then(() => clearTimeout(cut));
    }
  }
}

function endsAt(pass: Pass, end: (reason: Reason) => void): ReturnType<typeof setTimeout> | undefined {
  const { deadline } = pass.answer ?? {};
  return deadline && setTimeout(() => end(deadline.reason), deadline.after);
}

const noTunnel = new PosternError(
  "http.upgrade",
  "The answers of this resource are looked at or recorded, and nothing here can look into what this upgrade leads to.",
  { hint: "Ask for it without `Upgrade`." },
);

export const notAgreed = new PosternError(
  "http.answer",
  "The resource agreed to an upgrade that was not offered.",
  { hint: "Whoever runs the resource can look at what it sends." },
);
