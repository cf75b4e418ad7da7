import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import Provider from "oidc-provider";
import { accountHeader } from "./oidc/browser.ts";
import { type Account, audience, configuration, machineClient, publicClient } from "./oidc/configuration.ts";
import { type ProviderKey, providerKey } from "./oidc/keys.ts";
import { Memory } from "./oidc/memory.ts";

export { Browser } from "./oidc/browser.ts";
export {
  type Account,
  askingClient,
  audience,
  confidentialClient,
  machineClient,
  opaqueAudience,
  publicClient,
} from "./oidc/configuration.ts";
export { type ProviderKey, providerKey } from "./oidc/keys.ts";
export { refreshed, signInByCode, signInByDevice, type Tokens } from "./oidc/sign-in.ts";

export interface OidcOptions {
  /** By subject. `alice` (support) and `bob` (leads) where none are given. */
  readonly accounts?: Readonly<Record<string, Account>>;
  /** Of the public client; loopback redirects match with any port. */
  readonly redirectUris?: readonly string[];
  /** Where the provider tells of a logout; see `tellLogouts`. */
  readonly backchannel?: string;
  /** Seconds that an access token lives. */
  readonly ttl?: number;
  /** Further claims of access tokens. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The key to begin with. */
  readonly key?: ProviderKey;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A real OpenID provider (npm oidc-provider) on the loopback interface, in this process. */
export interface OidcServer {
  readonly issuer: string;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** The key that it signs with now. */
  readonly key: ProviderKey;
  /** From now on it signs with a new key; `keep` of the former ones stay published. */
  rotateKeys(keep?: number): Promise<ProviderKey>;
  /** From now on it signs with the first of these, and publishes no others. */
  useKeys(...keys: readonly [ProviderKey, ...ProviderKey[]]): void;
  /** Answers everything with this instead; undefined: the provider again. */
  instead(answer: Handler | undefined): void;
  /** A JWT access token by client credentials for `audience`, as a runner gets it. */
  clientCredentials(resource?: string): Promise<string>;
  /** Where logouts are told from now on (a `backchannel_logout_uri`). */
  tellLogouts(uri: string): void;
  /** Ends all login sessions of an account, and tells every client that took part; resolves when they have answered. */
  logout(account: string): Promise<void>;
  /** Nothing of this account holds any more, and it cannot sign in. */
  deactivate(account: string): void;
  stop(): Promise<void>;
}

export async function startOidc(options: OidcOptions = {}): Promise<OidcServer> {
  let handle: Handler = () => undefined;
  let instead: Handler | undefined;
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    (instead ?? handle)(request, response);
  });
  const issuer = await listening(server);
  const memory = new Memory();
  const disabled = new Set<string>();
  let backchannel = options.backchannel;
  let keys: readonly [ProviderKey, ...ProviderKey[]] = [options.key ?? (await providerKey("key-1"))];
  let made = 1;
  let provider: Provider;
  const restart = () => {
    provider = new Provider(
      issuer,
      configuration({
        keys,
        memory,
        disabled,
        backchannel,
        accounts: options.accounts ?? defaultAccounts,
        redirectUris: options.redirectUris ?? defaultRedirects,
        ttl: options.ttl ?? 600,
        claims: options.claims ?? {},
      }),
    );
    handle = handler(provider);
  };
  restart();
  return {
    issuer,
    requests,
    get key() {
      return keys[0];
    },
    async rotateKeys(keep = 1) {
      made++;
      const next = await providerKey(`key-${made}`);
      keys = [next, ...keys.slice(0, keep)];
      restart();
      return next;
    },
    useKeys(...now) {
      keys = now;
      restart();
    },
    instead(answer) {
      instead = answer;
    },
    clientCredentials: (resource = audience) => clientCredentials(issuer, resource),
    tellLogouts(uri) {
      backchannel = uri;
      restart();
    },
    async logout(account) {
      const sessions = memory.sessionsOf(account);
      memory.forget(account);
      const told = sessions.flatMap(({ authorizations = {} }) => Object.entries(authorizations));
      for (const [id, { sid = "" }] of told) {
        const client = await provider.Client.find(id);
        if (backchannel !== undefined && id === publicClient) await client?.backchannelLogout(account, sid);
      }
    },
    deactivate(account) {
      disabled.add(account);
      memory.forget(account);
    },
    stop: () =>
      new Promise((stopped) => {
        server.closeAllConnections();
        server.close(() => stopped());
      }),
  };
}

const defaultAccounts: Readonly<Record<string, Account>> = {
  alice: { name: "Alice A.", email: "alice@example.com", email_verified: true, groups: ["support"] },
  bob: { name: "Bob B.", email: "bob@example.com", email_verified: true, groups: ["leads"] },
};
const defaultRedirects = [
  "http://127.0.0.1/",
  "http://127.0.0.1/callback",
  "http://localhost/",
  "http://localhost/callback",
];

/** The provider, and the page where a person would sign in: whoever the browser names is signed in. */
function handler(provider: Provider): Handler {
  const serve = provider.callback();
  return async (request, response) => {
    if (!request.url?.startsWith("/interaction/")) return serve(request, response);
    const accountId = request.headers[accountHeader] ?? "alice";
    await provider.interactionFinished(request, response, { login: { accountId }, consent: {} });
  };
}

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((open) => server.listen(0, "127.0.0.1", open));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

async function clientCredentials(issuer: string, resource: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${machineClient.id}:${machineClient.secret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", resource, scope: "use" }),
  });
  const { access_token } = (await response.json()) as { access_token?: string };
  if (!access_token) throw new Error(`no token: ${response.status}`);
  return access_token;
}
