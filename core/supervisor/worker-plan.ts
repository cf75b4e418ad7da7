import type { Endings } from "../endings.ts";
import { PosternError } from "../error.ts";
import type { Grant } from "../grant.ts";
import { newId } from "../id.ts";
import type { LogOptions } from "../log.ts";
import type { Policy } from "../policy.ts";
import type { Store } from "../store/store.ts";
import type { TrailIndex } from "../store/trail-index.ts";
import type { Supervision } from "../supervision.ts";
import { recover } from "../trail/recover.ts";
import type { StreamTrail } from "../trail/stream-trail.ts";
import { workerStarted } from "../trail/streams.ts";
import type { WorkerStart } from "../worker-calls.ts";
import type { Board } from "./board.ts";
import type { FailedLogins } from "./failed-logins.ts";

export interface PlanParts {
  readonly dataDir: string;
  /** Id of this gateway among those that share a store. */
  readonly gateway: string;
  readonly board: Board;
  readonly index: TrailIndex;
  readonly store: Store;
  readonly trail: StreamTrail;
  readonly endings: Endings;
  /** Why it is not known whose access other gateways have ended; undefined: it is. */
  deaf(): string | undefined;
  /** Those that are open now. */
  grants(): readonly Grant[];
  readonly failedLogins: FailedLogins;
  /** Path of the key that signs checkpoints. */
  readonly signingKey: string;
  readonly log: Pick<LogOptions, "level" | "pretty">;
  readonly deliver: Supervision["deliver"];
  /** Those who sign in with a browser. */
  browsers(): Pick<Supervision, "beginLogin" | "finishLogin" | "signOut">;
  /** Nobody unmakes any more what this worker had made on resources. */
  died(worker: number): Promise<void>;
}

/** What the supervisor does around the life of a worker: its stream, its questions, what it leaves behind. */
export function workerPlan(parts: PlanParts) {
  const { dataDir, gateway, board, index, store, trail, signingKey, log, deliver, endings, failedLogins } =
    parts;
  return {
    starting(worker: number, { trail, limits }: Policy): WorkerStart {
      const stream = newStream(`worker-${worker}`);
      // Without an index the trail is written all the same; `readyz` says what is wrong.
      index.call("streamOpened", stream).catch(() => {});
      const strict = trail === "strict";
      return {
        worker,
        dataDir,
        stream,
        strict,
        recorder: limits.recorder,
        signingKey,
        log,
        endings: endings.all(),
        grants: parts.grants(),
      };
    },
    opened({ stream }: WorkerStart): void {
      trail.append(workerStarted(stream));
    },
    supervision: (worker: number): Supervision => ({
      async place(session, identity, limits) {
        // Somebody whose access has ended elsewhere must not come in because nobody here was told.
        const why = parts.deaf();
        if (why !== undefined) throw endingsUnknown(why);
        return board.places.take(worker, session, identity, limits);
      },
      sessionOpened: (session) => board.sessionOpened(worker, session),
      sessionClosed: (id) => board.sessionClosed(id),
      holdOpened: (hold) => board.holdOpened(worker, hold),
      holdApproved: (id, by) => board.holdApproved(id, by),
      holdEnded: (id, how) => board.holdEnded(id, how),
      credential: (id) => store.call("credential", id),
      credentialUsed: (id) => store.call("credentialUsed", id),
      async leased(lease) {
        await store.call("addLease", { ...lease, gateway, worker });
        return gateway;
      },
      released: (lease) => void store.call("removeLease", lease).catch(() => {}),
      loginFailed: async (remote) => failedLogins.failed(remote),
      beginLogin: (...asked) => parts.browsers().beginLogin(...asked),
      finishLogin: (...asked) => parts.browsers().finishLogin(...asked),
      signOut: (identity) => parts.browsers().signOut(identity),
      trailRests: (stream, rests) => void index.call("streamRests", stream, rests).catch(() => {}),
      deliver,
    }),
    /** Nobody may find a session or hold of a dead worker open, in the lists or in the trail. */
    async died({ worker, stream }: WorkerStart): Promise<void> {
      board.workerGone(worker);
      void parts.died(worker);
      recover(dataDir, trail, [stream]);
      await index.call("streamEnded", stream);
    },
  };
}

function endingsUnknown(why: string): PosternError {
  return new PosternError("store.unreachable", `Nobody can log in now: ${why}`, {
    hint: "Try again in a moment, or at another gateway.",
  });
}

/** `01k9…-worker-0`: never used before, and sorts by age. */
export function newStream(writer: string): string {
  return `${newId("").slice(1)}-${writer}`;
}
