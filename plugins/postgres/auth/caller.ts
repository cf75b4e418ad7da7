import {
  type Door,
  type Identity,
  PosternError,
  type TokenDiscovery,
  type Wire,
} from "../../../core/plugin.ts";
import {
  authenticationCleartextPassword,
  authenticationSasl,
  authenticationSaslContinue,
  authenticationSaslFinal,
  passwordOf,
  saslInitialOf,
  saslResponseOf,
} from "../wire/authentication.ts";
import { frontend } from "../wire/message.ts";
import { malformed } from "../wire/read.ts";
import { receive } from "../wire/receive.ts";
import { bearerToken, separator } from "./bearer.ts";
import { oauthBearer, scram, scramPlus } from "./mechanism.ts";
import { ScramServer } from "./scram-server.ts";

/** PostgreSQL's own limit for a password or token, in bytes. */
const maxSecret = 65_535;

/** User names that begin so are ids of short-lived credentials; any other user shows a token. */
const issuedPrefix = "pc_";

/**
 * Who comes under this name shows its token by OAUTHBEARER, and a client without one is told where to get it. The protocol has no
 * negotiation between that and a password, so the name must say it. Where no provider signs people in, it is a name like any other.
 */
const oauthUser = "oauth";

/** Asks a caller to prove who it is. Throws PosternError `identity.refused` and its kin. */
export async function authenticate(caller: Wire, door: Door, user: string): Promise<Identity> {
  if (!caller.encrypted && !(caller.loopback && door.listener.insecure)) {
    throw new PosternError("postgres.insecure", "A credential may not cross this connection in clear.", {
      hint: "Connect with sslmode=verify-full, or over loopback to a listener that the policy marks `insecure: true`.",
    });
  }
  // Whoever names an issued credential means that one, and the certificate only opens the door.
  if (user.startsWith(issuedPrefix)) return await byProof(caller, door, user);
  if (user === oauthUser && door.discovery) return await byBearer(caller, door, door.discovery);
  return (await byCertificate(caller, door)) ?? (await byToken(caller, door));
}

/** As PostgreSQL's `cert`: who shows a certificate that stands for an identity is asked for nothing else. */
async function byCertificate(caller: Wire, door: Door): Promise<Identity | undefined> {
  const certificate = caller.tls?.peer;
  return certificate && (await door.certified(certificate));
}

async function byToken(caller: Wire, door: Door): Promise<Identity> {
  caller.write(authenticationCleartextPassword);
  const body = await secretMessage(caller);
  return await door.identify({ kind: "token", token: passwordOf(body, 0, body.length) });
}

/** RFC 7628, 3.2. A client that has no token yet asks by an empty one; it is told where to get it, and comes again. */
async function byBearer(caller: Wire, door: Door, discovery: TokenDiscovery): Promise<Identity> {
  caller.write(authenticationSasl([oauthBearer]));
  const initial = await secretMessage(caller);
  const { mechanism, data } = saslInitialOf(initial, 0, initial.length);
  if (mechanism !== oauthBearer) {
    throw malformed("SASLInitialResponse", "it names a mechanism that was not offered");
  }
  const token = bearerToken(data ?? (await answered(caller, "")));
  let refusal: unknown = new PosternError("postgres.oauth", "No token was shown.", {
    hint: "Use a client that signs in by itself: libpq 18 with oauth_issuer and oauth_client_id.",
  });
  if (token !== "") {
    try {
      return await door.identify({ kind: "token", token });
    } catch (error) {
      refusal = error;
    }
  }
  const { configuration, scope } = discovery;
  const status = { status: "invalid_token", "openid-configuration": configuration, scope };
  if ((await answered(caller, JSON.stringify(status))) !== separator) {
    throw malformed("OAUTHBEARER message", "an error is answered with one separator only");
  }
  throw refusal;
}

/** What the caller answers to AuthenticationSASLContinue. */
async function answered(caller: Wire, challenge: string): Promise<string> {
  caller.write(authenticationSaslContinue(challenge));
  const body = await secretMessage(caller);
  return saslResponseOf(body, 0, body.length);
}

async function byProof(caller: Wire, door: Door, id: string): Promise<Identity> {
  const verifier = door.verifier(id);
  verifier.catch(() => {});
  const endPoint = caller.tls?.endPoint;
  const offered = endPoint ? [scramPlus, scram] : [scram];
  caller.write(authenticationSasl(offered));
  const initial = await secretMessage(caller);
  const first = saslInitialOf(initial, 0, initial.length);
  if (!offered.includes(first.mechanism) || first.data === undefined) {
    throw malformed("SASLInitialResponse", "it names a mechanism that was not offered");
  }
  const server = new ScramServer(first.data, await verifier, { mechanism: first.mechanism, endPoint });
  const proof = server.finish(await answered(caller, server.serverFirst));
  if (proof === undefined) throw door.refused(`the SCRAM proof for ${id} is wrong`);
  const identity = await door.identify({ kind: "verified", id });
  caller.write(authenticationSaslFinal(proof));
  return identity;
}

async function secretMessage(caller: Wire): Promise<Buffer> {
  return (await receive(caller, maxSecret, frontend.password)).body;
}
