import { issuePermit } from "../../../core/permit.ts";
import { type Arrival, type Effect, effects, type Permit, type Protocol } from "../../../core/plugin.ts";
import { accept, type StartupState } from "../accept.ts";
import type { PostgresConfig } from "../config.ts";
import { dial } from "../dial.ts";
import { refuse } from "../refuse.ts";
import { protocolVersion } from "../wire/startup.ts";
import { alice } from "./door.ts";

const protocol: Protocol<PostgresConfig> = {
  name: "postgres",
  emits: [],
  accept,
  dial,
  relay: async () => {},
  refuse,
};

/** A permit for a resource with this config and credential, of a session that may do these. */
export function testPermit(
  config: PostgresConfig,
  credential?: string,
  allowed: ReadonlySet<Effect> = new Set(effects),
): Permit<PostgresConfig> {
  const secret = { label: "env TEST", read: async () => credential ?? "" };
  const resource = { protocol, config, ...(credential === undefined ? {} : { credential: secret }) };
  return issuePermit(resource, {
    purpose: "session",
    session: "ses_test",
    identity: alice,
    label: "postern test",
    effects: allowed,
    lease: () => Promise.reject(new Error("a secret makes nothing on the resource")),
  });
}

/** A caller that has arrived with these settings; policy decides on those that are `asked`. */
export function testArrival(
  settings: Record<string, string> = {},
  application?: string,
  asked: Record<string, string> = {},
): Arrival {
  const state: StartupState = {
    version: protocolVersion.v3_0,
    user: "alice",
    settings: new Map(Object.entries(settings)),
    asked: new Map(Object.entries(asked)),
  };
  return { identity: alice, resource: "orders", state, ...(application ? { application } : {}) };
}
