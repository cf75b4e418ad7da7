import { type Outcome, PosternError } from "../../../core/plugin.ts";
import { Ends, Intake, type Side, type Tunnel } from "../../http/kit.ts";
import type { Out } from "./streams.ts";

/** What carries the connections of one port-forward. */
export interface Carried {
  /** Throws PosternError `kubernetes.stream`, `http.websocket`. */
  push(view: Buffer, from: Side): void;
  /** The gateway ends it, and says so where its framing can. */
  leave(text: string): void;
  /** Nothing passes any more. */
  over(): void;
}

/** Carries a port-forward: bytes both ways, that nobody looks into. */
export async function carryForward(
  tunnel: Tunnel,
  carriedBy: (out: Out, intake: Intake) => Carried,
): Promise<Outcome> {
  const { caller, resource, pass, gate, signal, limits } = tunnel;
  const ends = new Ends(caller, resource);
  const carried = carriedBy((to, bytes) => ends.write(to, bytes), new Intake(pass.answer?.intake));
  try {
    await ends.carry((view, from) => carried.push(view, from), signal, limits.idle);
    return { result: "ok" };
  } catch (error) {
    const { code, message } =
      error instanceof PosternError ? error : { code: "gateway.failed", message: "The gateway failed." };
    carried.leave(`${message} (${code}, ${gate.session.id})`);
    throw error;
  } finally {
    carried.over();
  }
}
