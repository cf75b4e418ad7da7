import {
  type BrowserSignIn,
  type CodeLogin,
  LoginCodes,
  randomSecret,
  ShortLived,
  sameText,
  type WebTools,
} from "../../core/plugin.ts";
import type { SignedIn } from "./assertion.ts";
import { field, formOf, messageOf, neededField } from "./form.ts";
import { ServiceProvider } from "./service-provider.ts";
import { responseShape } from "./shape.ts";
import type { Terms } from "./terms.ts";
import type { Tokens } from "./tokens.ts";
import { must } from "./xml.ts";

interface Begun extends CodeLogin {
  readonly relayState: string;
  /** Who gets what it stands for: the command line, or the gateway for a browser. */
  readonly codes: LoginCodes<SignedIn>;
}

/** Logins from their beginning to the token. Each step throws NotAccepted with the check that failed. */
export class Logins {
  /** Anybody can begin one: who begins many loses their own, and nobody else's before ten sources do. */
  readonly #begun = new ShortLived<Begun>(10 * 60_000, 10_000, 1_000);
  /** A page that a resource serves could get at a code for its browser: no token is to be had for that over HTTP. */
  readonly #commandLines = new LoginCodes<SignedIn>();
  readonly #browsers = new LoginCodes<SignedIn>();

  constructor(
    readonly terms: Terms,
    readonly tokens: Tokens,
  ) {}

  /** `GET login`: to the identity provider. */
  async begin(query: URLSearchParams, tools: Pick<WebTools, "url" | "source">): Promise<string> {
    const redirectUri = loopbackUri(neededField(query, "redirect_uri"));
    const state = neededField(query, "state");
    const challenge = neededField(query, "code_challenge");
    must(state.length <= 512, "state is longer than 512 characters");
    must(/^[A-Za-z0-9_-]{43}$/.test(challenge), "code_challenge is no SHA-256 in base64url");
    must((field(query, "code_challenge_method") ?? "S256") === "S256", "code_challenge_method is not S256");
    return await this.#begin({ redirectUri, state, challenge }, this.#commandLines, tools);
  }

  /** For those who come to a resource with a browser. */
  readonly browser: BrowserSignIn = {
    begin: (login, tools) => this.#begin(login, this.#browsers, tools),
    redeem: async (shown) => (await this.tokens.mint(this.#browsers.redeem(shown))).token,
  };

  /** `POST acs`: back to the command line, with a code. */
  async answer(request: Request, tools: WebTools): Promise<string> {
    const form = await formOf(request);
    const message = messageOf(neededField(form, "SAMLResponse"));
    const provider = new ServiceProvider(this.terms, tools.url);
    const { inResponseTo } = responseShape(message, provider.assertionConsumer);
    const begun = this.#begun.get(inResponseTo);
    must(begun !== undefined, "the response answers no login that began here, or one that took too long");
    must(sameText(neededField(form, "RelayState"), begun.relayState), "RelayState is of another login");
    const { id, until, who } = await provider.verified(message, inResponseTo);
    must(await tools.first(`assertion ${id}`, until), "the assertion was used before");
    must(this.#begun.take(inResponseTo) !== undefined, "the login was answered before");
    return begun.codes.grant(begun, who);
  }

  /** `POST token` (RFC 6749 4.1.3, RFC 7636 4.5). A code is worth one attempt. */
  async token(request: Request): Promise<{ access_token: string; token_type: "Bearer"; expires_in: number }> {
    const form = await formOf(request);
    const type = field(form, "grant_type") ?? "authorization_code";
    must(type === "authorization_code", "grant_type is not authorization_code");
    const verifier = neededField(form, "code_verifier");
    const code = neededField(form, "code");
    const redirectUri = field(form, "redirect_uri");
    const who = this.#commandLines.redeem({ code, verifier, redirectUri });
    const { token, expiresIn } = await this.tokens.mint(who);
    return { access_token: token, token_type: "Bearer", expires_in: expiresIn };
  }

  async #begin(
    login: CodeLogin,
    codes: LoginCodes<SignedIn>,
    { url, source }: Pick<WebTools, "url" | "source">,
  ): Promise<string> {
    const request = `_${randomSecret()}`;
    const relayState = randomSecret();
    this.#begun.put(request, { ...login, relayState, codes }, source);
    return new ServiceProvider(this.terms, url).loginUrl(request, relayState);
  }
}

/** RFC 8252 7.3: a port of this machine, by address and not by a name that somebody could resolve otherwise. */
function loopbackUri(text: string): string {
  const uri = URL.parse(text);
  must(
    uri !== null &&
      uri.protocol === "http:" &&
      (uri.hostname === "127.0.0.1" || uri.hostname === "[::1]") &&
      uri.username === "" &&
      uri.password === "" &&
      uri.hash === "",
    "redirect_uri is not http://127.0.0.1:<port>/… or http://[::1]:<port>/…",
  );
  return uri.href;
}
