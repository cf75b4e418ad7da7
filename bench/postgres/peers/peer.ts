/** A way to the database: the database itself, or a proxy before it. */
export interface Peer {
  readonly id: string;
  /** In the table and the chart. */
  readonly title: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Processes through which traffic goes. None: the database itself, whose own cost is not our subject. */
  readonly carries: readonly number[];
  /** These and all that work beside them: supervisor, index. */
  readonly processes: readonly number[];
  /** Opens a connection to the server for each of its own, and is here for that alone. */
  readonly cold: boolean;
  /** Runs in an engine that compiles what is used often, and is slow until it has. */
  readonly compiles: boolean;
  /** A database behind which nobody needs to be, and the port where a server for it is asked. */
  readonly idle?: { readonly database: string; readonly port: number };
  close(): Promise<void>;
}
