/** One thing that an approver is told of an operation beside its text, its parameters and its actions. */
export interface Finding {
  /** What it is about, in a word or two: `row estimate`, `locks`, `lock holder`. */
  readonly label: string;
  /**
   * Never a stored value, a parameter or a secret: the trail keeps it, and notices carry it. Names in it are whatever
   * somebody called a thing, control characters and all.
   */
  readonly value: string;
  /** It should not be overlooked. */
  readonly severity?: "warning";
  /** Which operation of a batch it is about, from 1; absent: all of it. */
  readonly statement?: number;
}

/** What a protocol can find out about an operation that is about to be held. */
export interface Examination {
  /**
   * Looks at the resource, without changing anything there, and tells each thing as it is found: what is told in time
   * is shown. `signal` is aborted when nobody waits for more.
   */
  examine(tell: (finding: Finding) => void, signal: AbortSignal): Promise<void>;
  /**
   * A fingerprint of what the operation means on the resource beyond its text: the definitions of what it names. An
   * approval binds to it; it is asked for again before the operation is sent, and where it is another one the approval
   * is stale. Empty where the operation names nothing that could be defined anew.
   */
  meaning?(signal: AbortSignal): Promise<string>;
}
