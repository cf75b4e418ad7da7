import { createHash, randomBytes } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import type { Claims } from "./idp.ts";

export type Send = (request: Request) => Promise<Response>;

/** A login as `postern login` and a browser do it, up to the identity provider and from there on. */
export class SignIn {
  private constructor(
    readonly send: Send,
    readonly url: string,
    readonly verifier: string,
    /** What the browser was sent to the identity provider with. */
    readonly sentTo: URL,
    readonly requestXml: string,
  ) {}

  static readonly redirectUri = "http://127.0.0.1:7777/callback";

  /** `url`: of the face, without a slash at its end. */
  static async begin(send: Send, url: string): Promise<SignIn> {
    const verifier = randomBytes(32).toString("base64url");
    const query = new URLSearchParams({
      redirect_uri: SignIn.redirectUri,
      state: "state-1",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    const response = await send(new Request(`${url}/login?${query}`, { redirect: "manual" }));
    if (response.status !== 303) throw new Error(`login: ${response.status} ${await response.text()}`);
    return SignIn.sent(send, url, verifier, response.headers.get("location") ?? "");
  }

  /** One that was begun elsewhere. `location`: where it is sent on to. */
  static sent(send: Send, url: string, verifier: string, location: string): SignIn {
    const sentTo = new URL(location);
    const deflated = Buffer.from(sentTo.searchParams.get("SAMLRequest") ?? "", "base64");
    return new SignIn(send, url, verifier, sentTo, inflateRawSync(deflated).toString());
  }

  get relayState(): string {
    return this.sentTo.searchParams.get("RelayState") ?? "";
  }

  /** What an honest identity provider answers about. */
  get claims(): Claims {
    return {
      request: /\bID="([^"]+)"/.exec(this.requestXml)?.[1] ?? "",
      recipient: /AssertionConsumerServiceURL="([^"]+)"/.exec(this.requestXml)?.[1] ?? "",
      audience: /<saml:Issuer[^>]*>([^<]+)</.exec(this.requestXml)?.[1] ?? "",
    };
  }

  /** What the browser posts, as the identity provider's page makes it. */
  post(xml: string, relayState = this.relayState): Promise<Response> {
    return this.form("acs", { SAMLResponse: Buffer.from(xml).toString("base64"), RelayState: relayState });
  }

  token(code: string, more: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.form("token", { code, code_verifier: this.verifier, ...more });
  }

  form(path: string, fields: Readonly<Record<string, string>>): Promise<Response> {
    return postForm(this.send, `${this.url}/${path}`, fields);
  }

  /** The code of an answer that was accepted. */
  static codeOf(response: Response): string {
    const location = response.headers.get("location");
    if (response.status !== 303 || !location) throw new Error(`acs: ${response.status}`);
    return new URL(location).searchParams.get("code") ?? "";
  }
}

export function postForm(
  send: Send,
  url: string,
  fields: Readonly<Record<string, string>>,
): Promise<Response> {
  return send(new Request(url, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" }));
}
