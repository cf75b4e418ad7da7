import type { Ending, EndingWish } from "./ending.ts";
import type { CodeLogin, ShownCode } from "./identity/login-codes.ts";

/**
 * What a plugin answers over HTTP on the policy's `web` address: an identity provider below `/identity/`, a
 * signal source below `/signals/`. Served by the supervisor; each authenticates its own callers.
 */
export interface WebFace {
  /** The next part of the path, unique in its kind: `corp`, `login.example.com`. Letters, digits, `.`, `-`, `_`. */
  readonly path: string;
  /** A PosternError is answered as problem+json, anything else as a failure that says nothing. */
  handle(request: Request, tools: WebTools): Promise<Response>;
  /** Of an identity provider: how people sign in who come to a resource with a browser. */
  readonly browser?: BrowserSignIn;
}

/**
 * Called by the supervisor alone, and not to be had over HTTP: what a browser is handed at the end of it is good for one
 * resource, and a token for all of them.
 */
export interface BrowserSignIn {
  /** Where the browser goes to sign in. It comes back to this face, which sends it to `redirectUri`. */
  begin(login: CodeLogin, tools: WebTools): Promise<string>;
  /** The token that a code stands for. Throws NotAccepted. */
  redeem(shown: ShownCode): Promise<string>;
}

export interface WebTools {
  /** Where this face is reached from outside, without a slash at its end. */
  readonly url: string;
  /** Address and port of who asks. */
  readonly remote: string;
  /** The same as far as limits tell sources apart: an IPv4 address, a network of IPv6. */
  readonly source: string;
  /** Ends access, on every gateway that shares the store; durable in the trail and the store when it resolves. */
  end(wish: EndingWish): Promise<Ending>;
  /** Lifts what the same `by` has put up against exactly this by `end` with `blocks`. */
  lift(of: Ending["of"], by: string): Promise<void>;
  /** False: this was seen before (a token id, an assertion id), here or by another gateway of the store. Kept until `until` (epoch ms). */
  first(key: string, until: number): Promise<boolean>;
  readonly records: WebRecords;
  /** Why somebody was not accepted, for the trail; throw what it returns, which says nothing of it. */
  refused(check: string): Error;
}

/** What a face keeps for all gateways that share the store, small texts by key; nothing that lets anybody in. */
export interface WebRecords {
  get(key: string): Promise<string | undefined>;
  /** False: there is one under this key, which stays as it is. */
  add(key: string, value: string): Promise<boolean>;
  put(key: string, value: string): Promise<void>;
  /** False: there was none. */
  remove(key: string): Promise<boolean>;
  /** Those whose key begins with `prefix`, in the order of their keys; `total`: all of them. */
  page(prefix: string, skip: number, take: number): Promise<{ total: number; values: readonly string[] }>;
}

/** How a person signs in from the command line; told to whoever asks, so it holds no secret. */
export type LoginMethod =
  /** The command line does it with the provider: a browser with PKCE, or a device code. */
  | {
      readonly kind: "oidc";
      readonly name: string;
      readonly issuer: string;
      readonly clientId: string;
      readonly scopes: readonly string[];
      /** Sent as `resource` or `audience`, where the provider wants to know whom the token is for. */
      readonly audience?: string;
    }
  /**
   * The gateway does it with the provider in a browser: GET `<url>/login?redirect_uri=<loopback>&state&code_challenge`
   * comes back with `code`; POST `<url>/token` (code, code_verifier) gives `{ access_token, expires_in }` (RFC 6749, RFC 7636).
   */
  | { readonly kind: "gateway"; readonly name: string; readonly path: string };

/** A plugin that hears elsewhere that access has ended (SCIM, CAEP): `signals` in the policy. */
export interface SignalSource {
  readonly name: string;
  /** Once a policy version, in the supervisor alone; throw to refuse to serve. */
  open(): Promise<OpenSignalSource>;
}

export interface OpenSignalSource {
  readonly web: WebFace;
  close?(): void;
}
