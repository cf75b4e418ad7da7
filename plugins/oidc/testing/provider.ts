import { KeyObject } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import Provider from "oidc-provider";

const clientId = "deploy-bot";
const clientSecret = "invented-for-the-test";
export const audience = "urn:postern";

/** One signing key of the provider: the private JWK that it is configured with, and its signer. */
export interface ProviderKey {
  readonly jwk: JWK;
  readonly kid: string;
  readonly publicKey: KeyObject;
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

export async function providerKey(kid: string): Promise<ProviderKey> {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  return {
    kid,
    publicKey: KeyObject.from(publicKey),
    jwk: { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" },
    sign: (claims, header) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "RS256", kid, ...header })
        .sign(privateKey, { crit: { "urn:known": true } }),
  };
}

export interface TestProvider {
  readonly issuer: string;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** From now on the provider signs with these, and shows no others. */
  rotate(...keys: ProviderKey[]): void;
  /** Answers everything with this instead; undefined: the provider again. */
  instead(answer: ((request: IncomingMessage, response: ServerResponse) => void) | undefined): void;
  /** A JWT access token by client credentials for `audience`, as a runner gets it. */
  token(): Promise<string>;
  stop(): Promise<void>;
}

/** A real OpenID provider (npm oidc-provider) on the loopback interface. */
export async function startProvider(...keys: ProviderKey[]): Promise<TestProvider> {
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown = () => undefined;
  let instead: typeof handle | undefined;
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    (instead ?? handle)(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const issuer = `http://127.0.0.1:${address.port}`;
  const rotate = (...now: ProviderKey[]) => {
    handle = new Provider(issuer, configuration(now)).callback();
  };
  rotate(...keys);
  return {
    issuer,
    requests,
    rotate,
    instead: (answer) => {
      instead = answer;
    },
    token: () => clientCredentials(issuer),
    stop: () =>
      new Promise((stopped) => {
        server.closeAllConnections();
        server.close(() => stopped());
      }),
  };
}

function configuration(keys: readonly ProviderKey[]): object {
  return {
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    extraTokenClaims: () => ({ realm: { roles: ["runners", "deployers", "runners"] } }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: "use",
          audience,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  };
}

async function clientCredentials(issuer: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
    body: new URLSearchParams({ grant_type: "client_credentials", resource: audience, scope: "use" }),
  });
  const { access_token } = (await response.json()) as { access_token?: string };
  if (!access_token) throw new Error(`no token: ${response.status}`);
  return access_token;
}
