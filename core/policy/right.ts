import type { Effect } from "../operation.ts";
import type { Right } from "../policy.ts";

/** Target patterns: exact, or with `*` for any run of characters. */
type Targets = [string, ...string[]];

export const read = (...on: Targets): Right => right("read", on);
export const write = (...on: Targets): Right => right("write", on);
/** The effect `delete`, whose name JavaScript keeps for itself. */
export const remove = (...on: Targets): Right => right("delete", on);
export const define = (...on: Targets): Right => right("define", on);
export const grant = (...on: Targets): Right => right("grant", on);
export const execute = (...on: Targets): Right => right("execute", on);
export const connect = (...on: Targets): Right => right("connect", on);
export const replicate = (...on: Targets): Right => right("replicate", on);

/** Without targets: this effect on anything. */
export function right(effect: Effect, on: readonly string[] = []): Right {
  return on.length === 0 ? { effect, label: effect } : { effect, on, label: `${effect}(${on.join(", ")})` };
}
