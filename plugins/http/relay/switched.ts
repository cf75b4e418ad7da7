import { type Outcome, type Pass, PosternError, type Reason } from "../../../core/plugin.ts";
import type { Tunnel, Tunnelling } from "../dialect.ts";
import { splice } from "./splice.ts";

/** Milliseconds in which a side may take what was said to it last. */
const lastWords = 2_000;

/** Carries what follows an upgrade to its end, and tells how it ended. Never rejects. */
export async function carryOn(
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

/** Why an upgrade is refused before it is sent. */
export const noTunnel = new PosternError(
  "http.upgrade",
  "The answers of this resource are looked at or recorded, and nothing here can look into what this upgrade leads to.",
  { hint: "Ask for it without `Upgrade`." },
);

export const notAgreed = new PosternError(
  "http.answer",
  "The resource agreed to an upgrade that was not offered.",
  { hint: "Whoever runs the resource can look at what it sends." },
);
