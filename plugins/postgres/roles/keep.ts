import type { Action, Reason } from "../../../core/plugin.ts";
import { leaving } from "../sql/leaving.ts";
import { identifier } from "../sql/names.ts";

/**
 * What a session that runs as a role may not do, whatever the rules say: leave it, or change it and its own login.
 * Where the server is led around this (a function's body), the session is a login that may do nothing.
 */
export function keepsRole(as: string): (action: Action) => Reason | undefined {
  const reason: Reason = {
    code: "postgres.role",
    message: `This session runs as ${as}, and can neither leave that role nor change it.`,
    hint: "Leave the statement out. The role of a session is what the policy maps its identity to.",
  };
  const itself = `role ${identifier(as)}`;
  return ({ effect, on, traits }) => {
    if (traits?.includes(leaving)) return reason;
    if (effect !== "grant" || !on.startsWith("role ")) return undefined;
    return on === "role *" || on === itself || on.startsWith("role postern_") ? reason : undefined;
  };
}
