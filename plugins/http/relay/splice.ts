import type { Outcome } from "../../../core/plugin.ts";
import type { Tunnel } from "../dialect.ts";
import { across, Ends } from "./ends.ts";
import { Intake } from "./intake.ts";

/** Bytes both ways until either side is done; a slow reader slows its writer. */
export async function splice({ caller, resource, pass, signal, limits, head }: Tunnel): Promise<Outcome> {
  const ends = new Ends(caller, resource);
  const intake = new Intake(pass.answer?.intake);
  let bytes = 0;
  await ends.carry(
    (view, from) => {
      if (from === "caller") intake.add(view.length);
      else bytes += view.length;
      ends.write(across(from), view);
    },
    signal,
    limits.idle,
  );
  return { result: "ok", code: String(head.status), bytes };
}
