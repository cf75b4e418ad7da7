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
