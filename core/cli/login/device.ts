import { beginDeviceLogin } from "../../identity/device-login.ts";
import type { Tokens } from "../../identity/token-endpoint.ts";
import { printable, type Terminal } from "../terminal.ts";
import { audienceOf, type OidcMethod, type Provider } from "./provider.ts";

/** The device authorization grant (RFC 8628). Throws PosternError `login.*`. */
export async function signInByDevice(
  terminal: Terminal,
  method: OidcMethod,
  provider: Provider & { readonly device: string },
): Promise<Tokens> {
  const { signal } = terminal;
  const { clientId, scopes } = method;
  const login = await beginDeviceLogin(
    {
      ...{ device: { url: provider.device }, token: { url: provider.token }, clientId, scopes },
      audience: audienceOf(method),
    },
    signal,
  );
  const ready = login.complete === undefined ? "" : `, or open ${printable(login.complete)}`;
  terminal.err(
    `Open ${printable(login.where)} on any machine, and enter the code ${printable(login.userCode)}${ready}\n`,
  );
  return await login.tokens(signal);
}
