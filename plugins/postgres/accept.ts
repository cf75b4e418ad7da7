import { type Arrival, type Door, PosternError, type Wire } from "../../core/plugin.ts";
import { authenticate } from "./auth/caller.ts";
import { keyMessage } from "./cancel.ts";
import type { Replication } from "./sql/replication.ts";
import { firstPacket } from "./startup/encryption.ts";
import { callerSettings } from "./startup/settings.ts";
import { negotiateProtocolVersion, protocolVersion } from "./wire/startup.ts";
import { messageTo } from "./workers.ts";

/** What the caller asked for at start-up: `Arrival.state`. */
export interface StartupState {
  /** As agreed: 0x30000 or 0x30002. */
  readonly version: number;
  readonly user: string;
  /** Settings for the server that need no right. */
  readonly settings: ReadonlyMap<string, string>;
  /** Settings that policy decides on before the gateway logs in. */
  readonly asked: ReadonlyMap<string, string>;
  /** It shall be a replication connection. */
  readonly replication?: Replication;
}

export function startupState(arrival: Arrival): StartupState {
  return arrival.state as StartupState;
}

/** Start-up and authentication (PostgreSQL 18, "Start-up"). The database name names the resource. */
export async function accept(caller: Wire, door: Door): Promise<Arrival | undefined> {
  const packet = await firstPacket(caller, door.listener, door.limits.header).catch((error: unknown) => {
    const wrong = wrongCertificate(error);
    throw wrong === undefined ? error : door.refused(wrong);
  });
  if (packet.kind === "farewell") return undefined;
  if (packet.kind === "cancel") {
    await door.deliver(messageTo("cancel", keyMessage(packet.key)));
    return undefined;
  }
  if (packet.kind === "foreign") {
    const version = `${packet.version >>> 16}.${packet.version & 0xffff}`;
    throw new PosternError("postgres.version", `Protocol ${version} is not supported, only 3.0 to 3.2.`, {
      hint: "Use a client of PostgreSQL 7.4 or later.",
    });
  }
  const { parameters } = packet;
  const user = parameters.get("user") ?? "";
  if (user === "") throw new PosternError("postgres.user", "The start-up packet names no user.");
  const replication = replicationOf(parameters.get("replication"));
  const version = agree(caller, packet.version, parameters);
  const { settings, asked } = callerSettings(parameters);
  const application = settings.get("application_name");
  const identity = await authenticate(caller, door, user);
  return {
    identity,
    resource: door.listener.resource ?? named(parameters.get("database"), user, replication, door),
    ...(application ? { application } : {}),
    state: { version, user, settings, asked, ...(replication ? { replication } : {}) } satisfies StartupState,
  };
}

/**
 * What is wrong with a certificate that was shown: a failed login as any other, so the operator learns why and the
 * caller an id. undefined: something else, as that none was shown, which a caller may well be told.
 */
function wrongCertificate(error: unknown): string | undefined {
  const wrong =
    error instanceof PosternError &&
    error.code === "tls.client-certificate" &&
    error.more.cause !== undefined;
  return wrong ? error.message : undefined;
}

/** Protocol 3.1 was never used; who asks for it gets 3.0's form. */
function agree(caller: Wire, asked: number, parameters: ReadonlyMap<string, string>): number {
  const unknown = [...parameters.keys()].filter((name) => name.startsWith("_pq_."));
  const version = asked >= protocolVersion.v3_2 ? protocolVersion.v3_2 : protocolVersion.v3_0;
  if (asked > version || unknown.length > 0) {
    caller.write(negotiateProtocolVersion(Math.min(asked, protocolVersion.v3_2), unknown));
  }
  return version;
}

/** As the server reads `replication`: a boolean, or `database`. */
function replicationOf(value = "off"): Replication | undefined {
  if (value === "database") return "database";
  if (/^(f|fa|fal|fals|false|n|no|of|off|0)$/i.test(value)) return undefined;
  if (/^(t|tr|tru|true|y|ye|yes|on|1)$/i.test(value)) return "physical";
  throw new PosternError(
    "postgres.setting",
    'The value of "replication" is neither a boolean nor database.',
    {
      hint: "Correct it, or leave it out.",
    },
  );
}

/** Clients that replicate physically say `replication` for a database, whatever they are told: there the user name counts. */
function named(
  database: string | undefined,
  user: string,
  replication: Replication | undefined,
  door: Door,
): string {
  const physical = replication === "physical" && !Object.hasOwn(door.resources, database ?? "");
  return physical ? user : database || user;
}
