import { type Door, type Identity, PosternError, type Wire } from "../../../core/plugin.ts";
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
import { scram, scramPlus } from "./mechanism.ts";
import { ScramServer } from "./scram-server.ts";

/** PostgreSQL's own limit for a password or token, in bytes. */
const maxSecret = 65_535;

/** User names that begin so are ids of short-lived credentials; any other user shows a token. */
const issuedPrefix = "pc_";

/** Asks a caller to prove who it is. Throws PosternError `identity.refused` and its kin. */
export async function authenticate(caller: Wire, door: Door, user: string): Promise<Identity> {
  if (!caller.encrypted && !(caller.loopback && door.listener.insecure)) {
    throw new PosternError("postgres.insecure", "A credential may not cross this connection in clear.", {
      hint: "Connect with sslmode=verify-full, or over loopback to a listener that the policy marks `insecure: true`.",
    });
  }
  // Whoever names an issued credential means that one, and the certificate only opens the door.
  if (user.startsWith(issuedPrefix)) return await byProof(caller, door, user);
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
  caller.write(authenticationSaslContinue(server.serverFirst));
  const final = await secretMessage(caller);
  const proof = server.finish(saslResponseOf(final, 0, final.length));
  if (proof === undefined) throw door.refused(`the SCRAM proof for ${id} is wrong`);
  const identity = await door.identify({ kind: "verified", id });
  caller.write(authenticationSaslFinal(proof));
  return identity;
}

async function secretMessage(caller: Wire): Promise<Buffer> {
  return (await receive(caller, maxSecret, frontend.password)).body;
}
