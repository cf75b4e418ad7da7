import type { GrantTerms } from "./grant.ts";
import type { Guardrail } from "./guardrail.ts";
import type { Hours } from "./hours.ts";
import type { IdentityProvider } from "./identity.ts";
import type { Notifier } from "./notifier.ts";
import type { Effect, Reason } from "./operation.ts";
import type { Resource } from "./protocol.ts";
import type { Secret } from "./secret.ts";
import type { KeyPair } from "./tls/files.ts";
import type { SignalSource } from "./web.ts";
import type { Who } from "./who.ts";

/** A policy as the rest of core sees it: checked, with every default filled in. Made by `gateway()`. */
export interface Policy {
  /** First 12 hex digits of the bundle's SHA-256; `unloaded` for one that no loader has read. */
  readonly version: string;
  /** One entry a listener; several may serve one protocol. */
  readonly listen: readonly ListenerConfig[];
  readonly identity: readonly IdentityProvider[];
  readonly resources: Readonly<Record<string, Resource>>;
  readonly rules: readonly Rule[];
  /** Outermost first. */
  readonly always: readonly Guardrail[];
  /** Told of holds and refusals, beside the traffic. */
  readonly notify: readonly Notifier[];
  /** Told by others that somebody's access has ended. */
  readonly signals: readonly SignalSource[];
  /** Where callers' command lines, browsers and identity providers reach the gateway over HTTP; absent: nowhere. */
  readonly web?: WebConfig;
  /** A libSQL server that several gateways share; absent: a file of this gateway's own. */
  readonly store?: StoreConfig;
  readonly trail: "default" | "strict";
  readonly workers: number | "auto";
  /** `host:port` for /healthz, /readyz and /metrics without authentication; absent: control socket only. */
  readonly health?: string;
  readonly limits: Limits;
}

export interface ListenerConfig {
  readonly protocol: string;
  readonly host: string;
  /** 0: any free port (tests). */
  readonly port: number;
  readonly insecure: boolean;
  readonly tls?: TlsConfig;
  readonly resource?: string;
}

/** Paths of PEM files; a relative one begins where the gateway was started. */
export interface TlsConfig extends KeyPair {
  /** By the name that a caller asks for (SNI); `*.example.com` stands for one label. */
  readonly names: Readonly<Record<string, KeyPair>>;
  /** What client certificates must lead to. */
  readonly clientCa?: string;
  /** `ask`: one that is shown must be good; `require`: one must be shown. */
  readonly clientCertificates: "none" | "ask" | "require";
}

export interface WebConfig {
  readonly host: string;
  /** 0: any free port (tests). */
  readonly port: number;
  /** Without TLS; only on the loopback interface. */
  readonly insecure: boolean;
  readonly tls?: KeyPair;
  /** As others reach it, without a slash at its end; absent: made from the address. */
  readonly url?: string;
}

export interface StoreConfig {
  /** `libsql://`, `https://`; `http://` on the loopback interface. */
  readonly url: string;
  readonly token?: Secret;
}

export interface Rule {
  /** `name` as the policy gives it, else `rules[3]`. */
  readonly name: string;
  readonly who: Who;
  /** Resource names; `*` is expanded. */
  readonly on: readonly string[];
  readonly may: readonly Right[] | "all";
  readonly under: readonly Guardrail[];
  /** Milliseconds a person's session may last. */
  readonly lifetime?: number;
  /** The resource's own role (or user, or service account) that a session under this rule runs as. */
  readonly as?: string;
  /** It counts only while a grant of these terms is open. */
  readonly grant?: GrantTerms;
  /** It counts only within these. */
  readonly hours?: Hours;
}

/** `read`; `write("public.releases")`. */
export interface Right {
  readonly effect: Effect;
  /** Target patterns; absent: any target. `*` stands for any run of characters. */
  readonly on?: readonly string[];
  /** How it reads in explanations. */
  readonly label: string;
}

/** Each has its own setting in the policy file. Milliseconds and bytes. */
export interface Limits {
  /** From the first byte to a verified identity. */
  readonly authenticate: number;
  /** Connections of one worker that have not shown who they are. */
  readonly unauthenticated: number;
  /** The longest that a failed login waits for its answer. */
  readonly loginDelay: number;
  /** Without a byte in either direction. */
  readonly idle: number;
  /** Without a request under way, of a session that requests make up (HTTP). */
  readonly requestIdle: number;
  /** Of the whole gateway. */
  readonly sessions: number;
  readonly sessionsPerIdentity: number;
  /** Bytes that say who comes and what for, before that is known: a start-up packet, a request's headers. */
  readonly header: number;
  /** Bytes of one message. */
  readonly frame: number;
  /** How long a guardrail may think about one operation. */
  readonly guardrail: number;
  /** Messages that the resource has not answered yet. */
  readonly owed: number;
  /** Named statements. */
  readonly statements: number;
  /** Bytes that may be buffered for a caller while it is held or slow. */
  readonly buffer: number;
  /** Bytes of a session's recording that wait for the disk. */
  readonly recorder: number;
}

/** The limit that a reason `limit.*` is about, where it is one of the policy's own. */
export function limitOf({ code }: Reason): keyof Limits | undefined {
  const name = code.replace(/^limit\./, "");
  return name !== code && Object.hasOwn(defaultLimits, name) ? (name as keyof Limits) : undefined;
}

export const defaultLimits: Limits = {
  authenticate: 10_000,
  unauthenticated: 2_000,
  loginDelay: 10_000,
  idle: 8 * 3_600_000,
  requestIdle: 15 * 60_000,
  sessions: 10_000,
  sessionsPerIdentity: 200,
  header: 16 * 1024,
  frame: 64 * 1024 * 1024,
  guardrail: 5_000,
  owed: 16_384,
  statements: 4_096,
  buffer: 1024 * 1024,
  recorder: 1024 * 1024,
};
