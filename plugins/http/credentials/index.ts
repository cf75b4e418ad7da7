/** How the gateway logs in to web services, beside what a secret says by itself. */

export { type OAuthClientOptions, oauthClient } from "./oauth-client.ts";
export { type SignedJwtOptions, signedJwt } from "./signed-jwt.ts";
