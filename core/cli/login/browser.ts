import { PosternError } from "../../error.ts";
import { type Endpoint, type Tokens, tokensFrom } from "../../identity/token-endpoint.ts";
import type { Terminal } from "../terminal.ts";
import { Callback } from "./loopback.ts";

export interface CodeFlow {
  readonly clientId: string;
  readonly authorize: string;
  readonly token: Endpoint;
  readonly scopes: readonly string[];
  /** Further parameters, there and at the token endpoint. */
  readonly audience: Readonly<Record<string, string>>;
  /** Who must say that the code is theirs, where they say so (RFC 9207). */
  readonly issuer?: string;
}

/** The authorization code flow with PKCE, in the person's own browser (RFC 8252, RFC 7636). */
export async function signInByBrowser(terminal: Terminal, flow: CodeFlow): Promise<Tokens> {
  // The other commands do without, and start quicker.
  const { CodeChallengeMethod, generateCodeVerifier, generateState, OAuth2Client } = await import("arctic");
  using callback = new Callback(generateState());
  const verifier = generateCodeVerifier();
  const { redirect, state } = callback;
  const client = new OAuth2Client(flow.clientId, null, redirect);
  const { S256 } = CodeChallengeMethod;
  const scopes = [...flow.scopes];
  const url = client.createAuthorizationURLWithPKCE(flow.authorize, state, S256, verifier, scopes);
  for (const [name, value] of Object.entries(flow.audience)) url.searchParams.set(name, value);
  // Without it no refresh token is given (OpenID Connect Core 1.0, 11).
  if (flow.scopes.includes("offline_access")) url.searchParams.set("prompt", "consent");
  terminal.err(`Sign in with your browser:\n\n  ${url.href}\n\n`);
  openBrowser(terminal, url.href);
  const came = await callback.parameters(terminal.signal);
  const code = codeOf(came, flow.issuer);
  const fields = { grant_type: "authorization_code", code, redirect_uri: redirect, code_verifier: verifier };
  return tokensFrom(flow.token, { ...fields, client_id: flow.clientId, ...flow.audience }, terminal.signal);
}

function codeOf(came: URLSearchParams, issuer: string | undefined): string {
  const by = came.get("iss");
  if (issuer !== undefined && by !== null && by !== issuer) {
    throw new PosternError("login.refused", `The code came from ${by}, and not from ${issuer}.`, {
      hint: "Somebody may have led your browser astray. Sign in again.",
    });
  }
  const code = came.get("code");
  if (code !== null) return code;
  const why = came.get("error_description") ?? came.get("error") ?? "no code came back";
  throw new PosternError("login.refused", `The identity provider did not sign you in: ${why}.`, {
    hint: "Sign in again, or ask whoever runs it.",
  });
}

/** Best effort: the URL is on the screen. */
function openBrowser({ env }: Terminal, url: string): void {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  try {
    const stdio = ["ignore", "ignore", "ignore"] as const;
    Bun.spawn([env.BROWSER ?? opener, url], { stdio: [...stdio], env: { ...env } }).unref();
  } catch {
    // There is none.
  }
}

/** Whether a browser could show itself here. */
export function hasBrowser({ env, interactive }: Terminal): boolean {
  const screen = process.platform === "darwin" || Boolean(env.DISPLAY ?? env.WAYLAND_DISPLAY);
  return interactive && screen;
}
