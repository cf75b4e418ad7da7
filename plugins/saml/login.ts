import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { WebTools } from "../../core/plugin.ts";
import type { SignedIn } from "./assertion.ts";
import { field, formOf, messageOf, neededField } from "./form.ts";
import { ServiceProvider } from "./service-provider.ts";
import { responseShape } from "./shape.ts";
import { ShortLived } from "./short-lived.ts";
import type { Terms } from "./terms.ts";
import type { Tokens } from "./tokens.ts";
import { must } from "./xml.ts";

/** What the command line asked for when it began a login. */
interface Begun {
  readonly redirectUri: string;
  readonly state: string;
  /** S256 of the command line's verifier (RFC 7636). */
  readonly challenge: string;
  readonly relayState: string;
}

interface Granted {
  readonly who: SignedIn;
  readonly challenge: string;
  readonly redirectUri: string;
}

const secret = () => randomBytes(32).toString("base64url");

/** Logins from their beginning to the token. Each step throws NotAccepted with the check that failed. */
export class Logins {
  /** Anybody can begin one: who begins many loses their own, and nobody else's before ten sources do. */
  readonly #begun = new ShortLived<Begun>(10 * 60_000, 10_000, 1_000);
  readonly #granted = new ShortLived<Granted>(60_000, 1_000);

  constructor(
    readonly terms: Terms,
    readonly tokens: Tokens,
  ) {}

  /** `GET login`: to the identity provider. */
  async begin(query: URLSearchParams, { url, source }: Pick<WebTools, "url" | "source">): Promise<string> {
    const redirectUri = loopbackUri(neededField(query, "redirect_uri"));
    const state = neededField(query, "state");
    const challenge = neededField(query, "code_challenge");
    must(state.length <= 512, "state is longer than 512 characters");
    must(/^[A-Za-z0-9_-]{43}$/.test(challenge), "code_challenge is no SHA-256 in base64url");
    must((field(query, "code_challenge_method") ?? "S256") === "S256", "code_challenge_method is not S256");
    const request = `_${secret()}`;
    const relayState = secret();
    this.#begun.put(request, { redirectUri, state, challenge, relayState }, source);
    return new ServiceProvider(this.terms, url).loginUrl(request, relayState);
  }

  /** `POST acs`: back to the command line, with a code. */
  async answer(request: Request, tools: WebTools): Promise<string> {
    const form = await formOf(request);
    const message = messageOf(neededField(form, "SAMLResponse"));
    const provider = new ServiceProvider(this.terms, tools.url);
    const { inResponseTo } = responseShape(message, provider.assertionConsumer);
    const begun = this.#begun.get(inResponseTo);
    must(begun !== undefined, "the response answers no login that began here, or one that took too long");
    must(same(neededField(form, "RelayState"), begun.relayState), "RelayState is of another login");
    const { id, until, who } = await provider.verified(message, inResponseTo);
    must(await tools.first(`assertion ${id}`, until), "the assertion was used before");
    must(this.#begun.take(inResponseTo) !== undefined, "the login was answered before");
    const code = secret();
    this.#granted.put(code, { who, challenge: begun.challenge, redirectUri: begun.redirectUri });
    const back = new URL(begun.redirectUri);
    back.searchParams.set("code", code);
    back.searchParams.set("state", begun.state);
    return back.href;
  }

  /** `POST token` (RFC 6749 4.1.3, RFC 7636 4.5). A code is worth one attempt. */
  async token(request: Request): Promise<{ access_token: string; token_type: "Bearer"; expires_in: number }> {
    const form = await formOf(request);
    const type = field(form, "grant_type") ?? "authorization_code";
    must(type === "authorization_code", "grant_type is not authorization_code");
    const verifier = neededField(form, "code_verifier");
    const granted = this.#granted.take(neededField(form, "code"));
    must(granted !== undefined, "the code is unknown, used or older than a minute");
    must(same(s256(verifier), granted.challenge), "code_verifier is not of this login");
    const redirectUri = field(form, "redirect_uri");
    must(
      redirectUri === undefined || URL.parse(redirectUri)?.href === granted.redirectUri,
      "redirect_uri is not that of the login",
    );
    const { token, expiresIn } = await this.tokens.mint(granted.who);
    return { access_token: token, token_type: "Bearer", expires_in: expiresIn };
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

function s256(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
