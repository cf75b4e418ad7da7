import { PosternError } from "../../error.ts";
import { Declined, type Tokens } from "../../identity/token-endpoint.ts";
import type { LoginMethod } from "../../web.ts";
import type { Target } from "../client.ts";
import type { Terminal } from "../terminal.ts";
import { hasBrowser, signInByBrowser } from "./browser.ts";
import { signInByDevice } from "./device.ts";
import { audienceOf, discover, type OidcMethod } from "./provider.ts";

/** `browser`, `device`: as somebody asked for; undefined: what suits this terminal. */
export type Way = "browser" | "device" | undefined;

/** Throws PosternError `login.*`. */
export async function signIn(
  terminal: Terminal,
  gateway: Extract<Target, { url: string }>,
  method: LoginMethod,
  way: Way,
): Promise<Tokens> {
  try {
    return method.kind === "oidc"
      ? await byProvider(terminal, method, way)
      : await byGateway(terminal, gateway, method.path, way);
  } catch (error) {
    if (!(error instanceof Declined)) throw error;
    throw new PosternError("login.refused", `You were not signed in: ${error.message} (${error.error}).`, {
      hint: "Run `postern login` again.",
      cause: error,
    });
  }
}

async function byProvider(terminal: Terminal, method: OidcMethod, way: Way): Promise<Tokens> {
  const { issuer, clientId, scopes } = method;
  const provider = await discover(issuer, terminal.signal);
  const { device, authorize } = provider;
  const byDevice = way === "device" || (way === undefined && device !== undefined && !hasBrowser(terminal));
  if (byDevice && device !== undefined) return signInByDevice(terminal, method, { ...provider, device });
  if (byDevice || authorize === undefined) {
    throw new PosternError("login.provider", `${issuer} does not offer this way to sign in.`, {
      hint: byDevice ? "Leave out --device." : "Use --device.",
    });
  }
  const audience = audienceOf(method);
  return signInByBrowser(terminal, {
    ...{ clientId, authorize, scopes, audience, issuer },
    token: { url: provider.token },
  });
}

/** The gateway itself signs people in with their provider (SAML), and gives the token. */
function byGateway(
  terminal: Terminal,
  { url, ca }: Extract<Target, { url: string }>,
  path: string,
  way: Way,
): Promise<Tokens> {
  if (way === "device") {
    throw new PosternError("login.method", "This way to sign in needs a browser on this machine.", {
      hint: "Leave out --device.",
    });
  }
  const base = `${url}/identity/${path}`;
  return signInByBrowser(terminal, {
    clientId: "postern",
    authorize: `${base}/login`,
    token: { url: `${base}/token`, ...(ca === undefined ? {} : { ca }) },
    scopes: [],
    audience: {},
  });
}
