import { createHash } from "node:crypto";
import { PosternError, type Wire } from "../../../core/plugin.ts";
import type { Account, ChannelBinding } from "../config.ts";
import {
  type AuthenticationRequest,
  authenticationRequest,
  passwordMessage,
  saslInitialResponse,
  saslResponse,
} from "../wire/authentication.ts";
import { backend } from "../wire/message.ts";
import { receive } from "../wire/receive.ts";
import { errorFields, type ReportFields } from "../wire/report.ts";
import { scram, scramPlus } from "./mechanism.ts";
import { type Binding, ScramClient } from "./scram-client.ts";

/** More than any server says before it is ready, in bytes. */
export const maxLoginMessage = 65_536;

/** Proves to the server that the gateway may come in. Resolves at AuthenticationOk. */
export async function login(
  wire: Wire,
  account: Account,
  channelBinding: ChannelBinding = "prefer",
): Promise<void> {
  let request = await nextRequest(wire);
  if (request.kind !== "sasl" && channelBinding === "require") throw unbound();
  if (request.kind === "ok") return;
  if (account.password === undefined) {
    throw refused("The resource asks for a password and the policy gives none.", "Set `credential`.");
  }
  const { password } = account;
  if (request.kind === "sasl") {
    await byScram(wire, request.mechanisms, password, channelBinding);
  } else if (request.kind === "md5") {
    wire.write(passwordMessage(md5Password(account.user, password, request.salt)));
  } else if (request.kind === "cleartext") {
    const local = wire.loopback || account.host.startsWith("/");
    if (!local && !wire.encrypted) {
      throw refused(
        "The resource asks for the password in clear over an open network.",
        "Let pg_hba.conf ask for scram-sha-256.",
      );
    }
    wire.write(passwordMessage(password));
  } else {
    throw refused("The resource asks for a kind of login that is not supported.", "Use scram-sha-256.");
  }
  request = await nextRequest(wire);
  if (request.kind !== "ok") throw outOfTurn();
}

async function byScram(
  wire: Wire,
  mechanisms: readonly string[],
  password: string,
  channelBinding: ChannelBinding,
): Promise<void> {
  const binding = bindingOf(wire, mechanisms, channelBinding);
  if (binding.kind !== "bound" && channelBinding === "require") throw unbound();
  const mechanism = binding.kind === "bound" ? scramPlus : scram;
  if (!mechanisms.includes(mechanism)) {
    throw refused("The resource offers no SCRAM-SHA-256.", "Let pg_hba.conf ask for scram-sha-256.");
  }
  const client = new ScramClient(password, binding);
  wire.write(saslInitialResponse(mechanism, client.first));
  const challenge = await nextRequest(wire);
  if (challenge.kind !== "saslContinue") throw outOfTurn();
  wire.write(saslResponse(await client.respond(challenge.data)));
  const last = await nextRequest(wire);
  if (last.kind !== "saslFinal") throw outOfTurn();
  if (!client.verify(last.data)) {
    throw refused(
      "The resource could not prove that it knows the password itself.",
      "Is this the right host?",
    );
  }
}

function bindingOf(wire: Wire, mechanisms: readonly string[], wanted: ChannelBinding): Binding {
  const endPoint = wanted === "disable" ? undefined : wire.tls?.endPoint;
  if (!endPoint) return { kind: "none" };
  return mechanisms.includes(scramPlus) ? { kind: "bound", endPoint } : { kind: "unoffered" };
}

/** AuthenticationMD5Password: `md5` and the hex digest of (hex digest of password and user) and salt. */
export function md5Password(user: string, password: string, salt: Uint8Array): string {
  const md5 = (...parts: (string | Uint8Array)[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash("md5")).digest("hex");
  return `md5${md5(md5(password, user), salt)}`;
}

async function nextRequest(wire: Wire): Promise<AuthenticationRequest> {
  for (;;) {
    const { type, body } = await receive(wire, maxLoginMessage);
    if (type === backend.authentication) return authenticationRequest(body, 0, body.length);
    if (type === backend.errorResponse) throw serverRefused(errorFields(body, 0, body.length));
    if (type !== backend.noticeResponse) throw outOfTurn();
  }
}

/**
 * What a server's FATAL at login becomes. The caller learns that it failed; the server's own words are
 * in `cause`, for the operator's log.
 */
export function serverRefused(fields: ReportFields): PosternError {
  const { code = "", message = "" } = fields;
  const cause = new Error(`${code} ${message}`);
  // cannot_connect_now, too_many_connections and connection exceptions pass; the rest is set up wrong.
  if (code === "57P03" || code === "53300" || code.startsWith("08")) {
    return new PosternError("resource.unreachable", "The resource takes no connections now.", {
      hint: "Try again in a moment.",
      cause,
    });
  }
  return refused(
    "The resource did not let the gateway in.",
    "The operator finds the reason in the log.",
    cause,
  );
}

function refused(message: string, hint: string, cause?: unknown): PosternError {
  return new PosternError("resource.login", message, { hint, ...(cause === undefined ? {} : { cause }) });
}

function unbound(): PosternError {
  return refused(
    "The resource does not bind the login to its TLS connection, and the policy asks for that.",
    'Let pg_hba.conf ask for scram-sha-256 over hostssl, or leave out `channelBinding: "require"`.',
  );
}

function outOfTurn(): PosternError {
  return new PosternError("postgres.protocol", "The resource sent a message out of turn at login.");
}
