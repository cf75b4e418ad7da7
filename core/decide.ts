import type { Guardrail } from "./guardrail.ts";
import type { Identity } from "./identity.ts";
import type { Action, Reason } from "./operation.ts";
import type { Policy } from "./policy.ts";

/** The rules that can matter to one identity on one resource; made when a session opens. */
export interface RuleSet {
  readonly policy: Policy;
  readonly resource: string;
  /** For the trail's opening entry. Empty: this identity may not even connect. */
  readonly rights: readonly { readonly rule: string; readonly may: readonly string[] }[];
  /** Each action by the first rule whose who, on and may match it; all must be allowed. */
  decide(actions: readonly Action[]): Decision;
}

export interface Decision {
  readonly allowed: boolean;
  /** Present when not allowed. */
  readonly reason?: Reason;
  readonly steps: readonly Step[];
  /** `always` first, then those of the deciding rules in order, each once. Outermost first. */
  readonly guardrails: readonly Guardrail[];
}

export interface Step {
  readonly action: Action;
  /** The deciding rule; absent: none matched. */
  readonly rule?: string;
  readonly why: string;
}

export declare function rulesFor(policy: Policy, identity: Identity, resource: string): RuleSet;
