import type { Guardrail } from "./guardrail.ts";
import type { IdentityProvider } from "./identity.ts";
import type { Action } from "./operation.ts";
import type { Resource } from "./protocol.ts";
import type { Who } from "./who.ts";

/** A policy as the rest of core sees it: checked, with every default filled in. */
export interface Policy {
  readonly version: string;
  /** One entry a listener; several may serve one protocol. */
  readonly listen: readonly ListenerConfig[];
  readonly identity: readonly IdentityProvider[];
  readonly resources: Readonly<Record<string, Resource>>;
  readonly rules: readonly Rule[];
  /** Outermost first. */
  readonly always: readonly Guardrail[];
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
  readonly resource?: string;
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
}

/** `read`; `write("public.releases")`. */
export interface Right {
  readonly effect: Action["effect"];
  /** Target patterns; absent: any target. `*` stands for any run of characters. */
  readonly on?: readonly string[];
  /** How it reads in explanations. */
  readonly label: string;
}

/** Each with its default in policy.ts and its own setting in the policy file. Milliseconds and bytes. */
export interface Limits {
  readonly authenticate: number;
  readonly idle: number;
  readonly sessions: number;
  readonly sessionsPerIdentity: number;
  readonly frame: number;
  readonly guardrail: number;
  readonly owed: number;
  readonly statements: number;
  /** What may be buffered for a caller while it is held or slow. */
  readonly buffer: number;
}
