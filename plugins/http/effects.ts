import type { Action, Effect } from "../../core/plugin.ts";

/** What a method does, as far as HTTP says (RFC 9110, 9.3); undefined: nothing is said of it. */
const byMethod: Readonly<Record<string, Effect>> = {
  GET: "read",
  HEAD: "read",
  OPTIONS: "read",
  POST: "write",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
};

export function actionsOf(method: string, path: string): readonly Action[] {
  return [{ effect: byMethod[method] ?? "unknown", on: path }];
}
