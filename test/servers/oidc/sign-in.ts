import { createHash, randomBytes } from "node:crypto";
import type { Browser } from "./browser.ts";
import { publicClient } from "./configuration.ts";

export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token: string;
}

const scope = "openid email profile offline_access";
const redirect = "http://127.0.0.1:1/callback";

/** The authorization-code flow with PKCE (RFC 7636), as a command line does it. */
export async function signInByCode(
  issuer: string,
  browser: Browser,
  more: Record<string, string> = {},
): Promise<Tokens> {
  const verifier = randomBytes(32).toString("base64url");
  const url = new URL(`${issuer}/auth`);
  url.search = new URLSearchParams({
    client_id: publicClient,
    response_type: "code",
    redirect_uri: redirect,
    scope,
    prompt: "consent",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...more,
  }).toString();
  const back = await browser.visit(url.href, redirect);
  const code = new URL(back.url).searchParams.get("code");
  if (code === null) throw new Error(`no code: ${back.status} ${back.url} ${back.text}`);
  return tokens(issuer, {
    grant_type: "authorization_code",
    code,
    redirect_uri: redirect,
    code_verifier: verifier,
  });
}

/** A device code (RFC 8628): the browser confirms it, then the token endpoint gives it out. */
export async function signInByDevice(issuer: string, browser: Browser): Promise<Tokens> {
  const { verification_uri_complete, device_code } = await post<Record<string, string>>(
    `${issuer}/device/auth`,
    { scope },
  );
  const done = await browser.visit(verification_uri_complete ?? "");
  if (done.status !== 200 || !done.text.includes("Signed in.")) throw new Error(done.text);
  return tokens(issuer, {
    grant_type: "urn:ietf:params:oauth:grant-type:device_code",
    device_code: device_code ?? "",
  });
}

export function refreshed(issuer: string, refresh_token: string): Promise<Tokens> {
  return tokens(issuer, { grant_type: "refresh_token", refresh_token });
}

function tokens(issuer: string, form: Record<string, string>): Promise<Tokens> {
  return post<Tokens>(`${issuer}/token`, form);
}

async function post<T>(url: string, form: Record<string, string>): Promise<T> {
  const body = new URLSearchParams({ client_id: publicClient, ...form });
  const response = await fetch(url, { method: "POST", body });
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
