import type { Right } from "./policy.ts";

/** One thing that was found out about a resource. */
export interface Examined {
  readonly state: "ok" | "warn" | "fail";
  readonly message: string;
  /** What to do; present unless all is well. */
  readonly hint?: string;
}

/** A login on a resource that does not come through the gateway. */
export interface Bypass {
  readonly login: string;
  /** The client's address, as the resource has it. */
  readonly from: string;
  readonly application?: string;
  /** Epoch milliseconds. */
  readonly since?: number;
  readonly count: number;
}

/** What the rules of a policy hand out on a resource. */
export interface HandedOut {
  /** Each right once; of a rule with `may: "all"` nothing can be told. */
  readonly rights: readonly Right[];
  readonly sessions: readonly RuledSessions[];
}

/** What sessions under one rule are on the resource. */
export interface RuledSessions {
  /** As the policy names it. */
  readonly rule: string;
  /** The resource's own role; undefined: the login that the gateway holds. */
  readonly as?: string;
  /** The rule lets nobody do more than read. */
  readonly onlyReads: boolean;
}
