import { setTimeout as pause } from "node:timers/promises";
import { Browser } from "../servers/oidc/browser.ts";

/**
 * The device flow (RFC 8628) as libpq's own module does it, and the person at the browser: OAUTH_ACCOUNT signs in. Prints the token.
 * Told by the environment, as `oauth_flow.c` has it from libpq.
 */
const { OAUTH_CONFIGURATION = "", OAUTH_SCOPE = "", OAUTH_CLIENT = "", OAUTH_ACCOUNT = "" } = process.env;

const discovered = (await (await fetch(OAUTH_CONFIGURATION)).json()) as Record<string, string>;
const asked = await post("device_authorization_endpoint", { client_id: OAUTH_CLIENT, scope: OAUTH_SCOPE });
await new Browser(OAUTH_ACCOUNT).visit(asked.verification_uri_complete ?? "");
for (;;) {
  const { access_token, error } = await post("token_endpoint", {
    client_id: OAUTH_CLIENT,
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: asked.device_code ?? "",
  });
  if (access_token !== undefined) {
    console.log(access_token);
    break;
  }
  if (error !== "authorization_pending") throw new Error(`The provider gave no token: ${error}`);
  await pause(200);
}

async function post(endpoint: string, fields: Record<string, string>): Promise<Record<string, string>> {
  const answer = await fetch(discovered[endpoint] ?? "", {
    method: "POST",
    body: new URLSearchParams(fields),
  });
  return (await answer.json()) as Record<string, string>;
}
