import type { Command } from "commander";
import { post } from "../../identity/token-endpoint.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { discover } from "./provider.ts";
import { alone } from "./refresh.ts";
import { readLogin, removeLogin, type StoredLogin } from "./stored.ts";

export function logout(terminal: Terminal): Command {
  return command("logout", {
    summary: "forget the login, and end it at the identity provider",
    description:
      "Revokes the tokens where they came from (RFC 7009), as far as the provider can, and removes the file.\n" +
      "Sessions that are open go on as long as their rule lets them, unless the provider tells the gateway of\n" +
      "the logout, or is asked again (introspection).",
    examples: ["postern logout"],
    exits: [1],
  }).action(async () => {
    const known = readLogin(terminal.env);
    if (!known) return terminal.err("You were not signed in.\n");
    await alone(terminal, async () => {
      const now = readLogin(terminal.env) ?? known;
      removeLogin(terminal.env);
      const revoked = await revoke(now, terminal.signal);
      terminal.out(`Signed out of ${now.gateway}.\n`);
      if (!revoked)
        terminal.err("The token itself is good until it expires: its provider does not take it back.\n");
    });
  });
}

async function revoke({ method, token, refreshToken }: StoredLogin, signal: AbortSignal): Promise<boolean> {
  if (method?.kind !== "oidc") return false;
  try {
    const { revoke: url } = await discover(method.issuer, signal);
    if (url === undefined) return false;
    const what =
      refreshToken === undefined
        ? { token, token_type_hint: "access_token" }
        : { token: refreshToken, token_type_hint: "refresh_token" };
    await post({ url }, { ...what, client_id: method.clientId }, signal);
    return true;
  } catch {
    return false;
  }
}
