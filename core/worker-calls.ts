import type { Ending } from "./ending.ts";
import type { Grant } from "./grant.ts";
import type { LogOptions } from "./log.ts";
import type { Supervised } from "./supervision.ts";
import type { TrailStatus } from "./trail/stream-trail.ts";

/** Where a worker listens. */
export interface ListenerAddress {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
}

/** The first thing a worker process is told. */
export interface WorkerStart {
  readonly worker: number;
  readonly dataDir: string;
  /** Name of the trail stream it writes; never used before. */
  readonly stream: string;
  readonly strict: boolean;
  /** `limits.recorder`. */
  readonly recorder: number;
  /** Path of the key that signs checkpoints (PKCS8 PEM). */
  readonly signingKey: string;
  readonly log: Pick<LogOptions, "level" | "pretty">;
  /** Those that hold when it begins. */
  readonly endings: readonly Ending[];
  /** Those that are open when it begins. */
  readonly grants: readonly Grant[];
}

/** What the supervisor calls in a worker process. */
export interface WorkerCalls extends Supervised {
  /** Opens the worker's trail; nothing listens before `prepare`. */
  begin(start: WorkerStart): Promise<void>;
  addresses(): readonly ListenerAddress[];
  /** Answered by the event loop, with the state of its trail: a blocked one stays silent. */
  ping(): TrailStatus["state"];
}
