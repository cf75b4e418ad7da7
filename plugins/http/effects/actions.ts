import type { Action } from "../../../core/plugin.ts";
import { effectOf } from "./method.ts";
import { isFor, type KnownOperation } from "./operation.ts";

/** What a request does by the operations that are known, and by its method where none of them is meant. */
export function actionOf(
  operations: readonly KnownOperation[],
  only: boolean,
  method: string,
  path: string,
): Action {
  const own = operations.filter((operation) => isFor(operation, method));
  const meant = own.find((operation) => operation.matches(path));
  const action = meant
    ? named(meant, path)
    : ({ effect: only ? "unknown" : effectOf(method), on: path } as const);
  // Another operation that the server may take it for: `/API/Export` where `/api/export` is told apart.
  const near = own.find((operation) => operation === meant || operation.resembles(path));
  if (near === undefined || near === meant) return action;
  const same = near.effect === action.effect && near.name === meant?.name;
  return same ? action : { effect: "unknown", on: path };
}

function named({ effect, name }: KnownOperation, path: string): Action {
  return { effect, on: path, ...(name === undefined ? {} : { within: name }) };
}
