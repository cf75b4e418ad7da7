import type { Denial, HeldOperation, Pass, Statement } from "../../../core/plugin.ts";
import type { Carriage } from "./carriage.ts";

/** What may withdraw a question that waits for a person, and who is told that it does. */
export interface Asking {
  held?(hold: HeldOperation): void;
}

/** Brings one operation to the gate. A Pass is kept with the carriage until `done`. */
export async function admit(
  { gate, passes }: Carriage,
  statement: Statement,
  asking: Asking = {},
): Promise<Pass | Denial> {
  const answer = await gate.begin(gate.plan(statement), {
    inTransaction: false,
    held: (hold) => asking.held?.(hold),
  });
  if (!("deny" in answer)) passes.add(answer);
  return answer;
}

export function done({ passes }: Carriage, pass: Pass, outcome: Parameters<Pass["end"]>[0]): void {
  passes.delete(pass);
  pass.end(outcome);
}
