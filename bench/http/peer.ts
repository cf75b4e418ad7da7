/** A way to the origin: the origin itself, or a proxy before it. */
export interface HttpPeer {
  readonly id: string;
  readonly title: string;
  /** With the slash at its end under which the origin's files are. */
  readonly url: string;
  /** What a request must carry: `Authorization: Bearer …`. */
  readonly fields: readonly string[];
  /** Processes through which traffic goes. None: the origin itself. */
  readonly carries: readonly number[];
  /** These and all that work beside them: supervisor, index. */
  readonly processes: readonly number[];
  /** Runs in an engine that compiles what is used often, and is slow until it has. */
  readonly compiles: boolean;
  close(): Promise<void>;
}
