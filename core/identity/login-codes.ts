import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { NotAccepted } from "../identity.ts";
import { ShortLived } from "../short-lived.ts";

/** What whoever began a login wants to be told at its end, and where (RFC 6749, 4.1.1; RFC 7636, 4.3). */
export interface CodeLogin {
  /** Where the browser comes back to, with `code` and `state` in its query. */
  readonly redirectUri: string;
  readonly state: string;
  /** S256 of the verifier. */
  readonly challenge: string;
}

/** What is shown to get what a code stands for (RFC 6749, 4.1.3; RFC 7636, 4.5). */
export interface ShownCode {
  readonly code: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

/** Codes for logins that have come to their end: each works once, within a minute, for whoever began that login. */
export class LoginCodes<T> {
  readonly #granted = new ShortLived<{ readonly value: T; readonly login: CodeLogin }>(60_000, 1_000);

  /** Where the browser goes now. */
  grant(login: CodeLogin, value: T): string {
    const code = randomSecret();
    this.#granted.put(code, { value, login });
    const back = new URL(login.redirectUri);
    back.searchParams.set("code", code);
    back.searchParams.set("state", login.state);
    return back.href;
  }

  /** A code is worth one attempt. `redirectUri`: undefined where it was not said. Throws NotAccepted. */
  redeem({
    code,
    verifier,
    redirectUri,
  }: Omit<ShownCode, "redirectUri"> & { redirectUri: string | undefined }): T {
    const granted = this.#granted.take(code);
    if (!granted) throw new NotAccepted("the code is unknown, used or older than a minute");
    const { value, login } = granted;
    if (!sameText(challengeOf(verifier), login.challenge)) {
      throw new NotAccepted("code_verifier is not of this login");
    }
    if (redirectUri !== undefined && URL.parse(redirectUri)?.href !== login.redirectUri) {
      throw new NotAccepted("redirect_uri is not that of the login");
    }
    return value;
  }
}

/** 256 bits, in base64url. */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** S256 (RFC 7636, 4.2). */
export function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}

/** Tells nothing by the time it takes. */
export function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
