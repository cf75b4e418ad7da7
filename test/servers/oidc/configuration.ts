import type Provider from "oidc-provider";
import type { ProviderKey } from "./keys.ts";
import type { Memory } from "./memory.ts";

/** What access tokens are for: the resource (RFC 8707) that each client gets when it asks for none. */
export const audience = "urn:postern";
/** Its access tokens are opaque, and known only by introspection. */
export const opaqueAudience = "urn:postern:opaque";

/** Signs people in: public, with PKCE, refresh and device codes. */
export const publicClient = "postern-cli";
/** Signs browsers in: confidential, by `client_secret_basic`. */
export const confidentialClient = { id: "postern-web", secret: "invented: for the/web" };
/** A machine, by client credentials. */
export const machineClient = { id: "deploy-bot", secret: "invented-for-the-test" };
/** May ask about tokens, and nothing else. */
export const askingClient = { id: "gateway", secret: "invented-for-the-gateway" };

export interface Account {
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
  readonly groups?: readonly string[];
}

export interface ProviderState {
  readonly keys: readonly ProviderKey[];
  readonly accounts: Readonly<Record<string, Account>>;
  readonly disabled: ReadonlySet<string>;
  readonly memory: Memory;
  /** Of the public client; loopback redirects match with any port. */
  readonly redirectUris: readonly string[];
  /** Where the provider tells the gateway of a logout. */
  readonly backchannel: string | undefined;
  /** Seconds that an access token lives. */
  readonly ttl: number;
  /** Further claims of access tokens. */
  readonly claims: Readonly<Record<string, unknown>>;
}

interface Context {
  readonly oidc: {
    readonly provider: Provider;
    readonly client: { readonly clientId: string };
    readonly session?: { readonly accountId: string; grantIdFor(client: string): string | undefined };
    readonly result?: { readonly consent?: { readonly grantId?: string } };
  };
  body: unknown;
}

export function configuration(state: ProviderState): object {
  const live = (id: string) => (state.disabled.has(id) ? undefined : state.accounts[id]);
  return {
    adapter: state.memory.adapter(),
    cookies: { keys: ["invented-for-the-test"] },
    jwks: { keys: state.keys.map(({ jwk }) => jwk) },
    clients: clients(state),
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
    ttl: {
      AccessToken: state.ttl,
      ClientCredentials: state.ttl,
      IdToken: 600,
      AuthorizationCode: 60,
      DeviceCode: 600,
      RefreshToken: 3_600,
      Grant: 3_600,
      Session: 3_600,
      Interaction: 600,
    },
    findAccount: (_: unknown, id: string) => {
      const account = live(id);
      return account && { accountId: id, claims: () => ({ sub: id, ...account }) };
    },
    extraTokenClaims: (_: unknown, token: { accountId?: string; sid?: string }) => ({
      ...(token.accountId === undefined ? {} : live(token.accountId)),
      ...(token.sid === undefined ? {} : { sid: token.sid }),
      ...state.claims,
    }),
    loadExistingGrant: (context: Context) => granted(context),
    issueRefreshToken: () => true,
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
      deviceFlow: {
        enabled: true,
        userCodeConfirmSource: show,
        userCodeInputSource: show,
        successSource: (context: Context) => show(context, "Signed in."),
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context: Context, form: string) =>
          show(context, form.replace("</form>", '<input type="hidden" name="logout" value="yes"/></form>')),
        postLogoutSuccessSource: (context: Context) => show(context, "Signed out."),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_: unknown, resource: string) => ({
          scope: "use",
          audience: resource,
          accessTokenFormat: resource === opaqueAudience ? "opaque" : "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  };
}

/** Nobody is asked for consent: what the client asks for is granted. */
async function granted({ oidc }: Context): Promise<unknown> {
  const { provider, client, session } = oidc;
  const known = oidc.result?.consent?.grantId ?? session?.grantIdFor(client.clientId);
  if (known !== undefined) return provider.Grant.find(known);
  const grant = new provider.Grant({ accountId: session?.accountId ?? "", clientId: client.clientId });
  grant.addOIDCScope("openid email profile offline_access");
  for (const resource of [audience, opaqueAudience]) grant.addResourceScope(resource, "use");
  await grant.save();
  return grant;
}

function clients({ redirectUris, backchannel }: ProviderState): object[] {
  const noBrowser = { redirect_uris: [], response_types: [] };
  return [
    {
      client_id: publicClient,
      application_type: "native",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
      redirect_uris: redirectUris,
      response_types: ["code"],
      // Without one, tokens would not name the login session.
      backchannel_logout_uri: backchannel ?? "http://127.0.0.1:1/",
      backchannel_logout_session_required: true,
    },
    {
      client_id: confidentialClient.id,
      client_secret: confidentialClient.secret,
      application_type: "native",
      grant_types: ["authorization_code"],
      redirect_uris: redirectUris,
      response_types: ["code"],
    },
    {
      client_id: machineClient.id,
      client_secret: machineClient.secret,
      grant_types: ["client_credentials"],
      ...noBrowser,
    },
    { client_id: askingClient.id, client_secret: askingClient.secret, grant_types: [], ...noBrowser },
  ];
}

function show(context: Context, html: string): void {
  context.body = `<!doctype html><title>Provider</title>${html}`;
}
