import type { Identity } from "./identity.ts";
import type { Who } from "./who.ts";

/** What a rule asks before it counts, as the policy has it with its defaults filled in. */
export interface GrantTerms {
  /** Who may approve; never the requester, the same person under another identity, or who acts for either. */
  readonly by: Who;
  /** Milliseconds that one grant may last at most. */
  readonly upTo: number;
  /** How many different persons must approve. */
  readonly approvers: 1 | 2;
  /** A request must say why. */
  readonly reason: boolean;
  /** A request must name a ticket of this form. */
  readonly ticket?: RegExp;
  /** Milliseconds that a request waits for its approvers. */
  readonly within: number;
  /** Whoever asks with `--break-glass` gets it at once; everybody is told. */
  readonly breakGlass: boolean;
}

/** Somebody asks for a grant. */
export interface GrantRequest {
  /** `req_…`. */
  readonly id: string;
  readonly identity: Identity;
  readonly resource: string;
  /** The rules that an approval would open. */
  readonly rules: readonly string[];
  /** Milliseconds asked for, from the approval on. */
  readonly for: number;
  readonly because?: string;
  readonly ticket?: string;
  readonly openedAt: number;
  /** Epoch milliseconds: nobody can approve it afterwards. */
  readonly expires: number;
  /** Who may approve, as policy reads, and how many of them must. */
  readonly by: string;
  readonly approvers: 1 | 2;
  /** Who has approved so far. */
  readonly approved: readonly Identity[];
  /** What an approval binds to: SHA-256 over all of the above but `approved`. */
  readonly digest: string;
}

/** Time-boxed access that approvals (or breaking the glass) opened: for exactly this identity, chain of delegation and all. */
export interface Grant {
  /** `grant_…`. */
  readonly id: string;
  readonly request: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly rules: readonly string[];
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  readonly by: readonly Identity[];
  readonly because?: string;
  readonly ticket?: string;
  readonly breakGlass: boolean;
}
