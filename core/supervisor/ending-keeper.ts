import { type Ended, type Ending, type EndingWish, isSpent } from "../ending.ts";
import type { Endings } from "../endings.ts";
import { PosternError } from "../error.ts";
import { newId } from "../id.ts";
import type { Log } from "../log.ts";
import type { Store } from "../store/store.ts";
import type { StreamTrail } from "../trail/stream-trail.ts";

/** How often the shared store is asked what other gateways have ended. */
const everyMs = 250;

export interface EndingKeeperParts {
  readonly trail: Pick<StreamTrail, "append" | "durable">;
  readonly store: Pick<Store, "call">;
  /** What this process refuses itself. */
  readonly endings: Endings;
  readonly log: Log;
  /** Tells every worker. Resolves when each has done it, or is gone: its successor begins with `endings`. */
  tell(call: "endAccess" | "liftEnding", ending: Ending): Promise<void>;
}

/** The ends of access: made here or heard of from other gateways, in the store, in force in every worker. */
export class EndingKeeper {
  #seq = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #deaf: string | undefined;
  /** In force here, and not in the store: it was away. */
  #unstored: Ending[] = [];

  constructor(readonly parts: EndingKeeperParts) {}

  /** Why other gateways' endings are not heard of; undefined: they are. */
  get deaf(): string | undefined {
    return this.#deaf;
  }

  /** Takes in all that the store has. To call before anything is served. */
  async load(): Promise<void> {
    for (const { seq, lifted, ...ending } of await this.parts.store.call("endingsSince", 0)) {
      this.#seq = seq;
      if (!lifted && !isSpent(ending, Date.now())) this.parts.endings.add(ending);
    }
  }

  /** Hears from now on what other gateways of the same store end and lift, until `close`. */
  follow(): void {
    this.#timer = setTimeout(() => void this.#listen(), everyMs);
    this.#timer.unref?.();
  }

  all(): Ending[] {
    return this.parts.endings.all();
  }

  close(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /**
   * Durable in the trail first. In force in every worker of this gateway, and in the store, when it resolves.
   * Rejects with `store.*` when it is in force here alone: the others learn of it once the store is back.
   */
  async end({ of, reason, by, blocks = false }: EndingWish): Promise<Ending> {
    const { trail } = this.parts;
    const ending: Ending = { id: newId("end"), at: Date.now(), of, blocks, reason, by };
    await trail.durable(this.#note(ending));
    const stored = this.#store(ending).catch((error: unknown) => {
      this.#unstored.push(ending);
      throw onlyHere(error);
    });
    await Promise.all([this.#take(ending), stored]);
    return ending;
  }

  async #store(ending: Ending): Promise<void> {
    await Promise.all([this.parts.store.call("addEnding", ending), this.#revoked(ending.of)]);
  }

  /** What was ended while the store was away reaches the other gateways once it is back. */
  async #catchUp(): Promise<void> {
    for (const ending of this.#unstored) await this.#store(ending);
    this.#unstored = [];
  }

  /**
   * Lifts what blocks exactly this: what `by` itself has put up, or, for the operator, whoever has. Resolves
   * with what that was.
   */
  async lift(of: Ended, by: string, whose: "own" | "all"): Promise<readonly Ending[]> {
    const { store, endings, trail } = this.parts;
    const all = whose === "all";
    const blocking = endings.of(of).filter((ending) => ending.blocks && (all || ending.by === by));
    for (const ending of blocking) {
      await trail.durable(trail.append({ kind: "access-restored", ending: ending.id, of, by }));
    }
    await store.call("liftEndings", of, ...(all ? [] : [by]));
    await Promise.all(blocking.map((ending) => this.#lift(ending)));
    return blocking;
  }

  async #listen(): Promise<void> {
    const { store, log } = this.parts;
    try {
      for (const { seq, lifted, ...ending } of await store.call("endingsSince", this.#seq)) {
        if (lifted) await this.#lift(ending);
        else if (this.parts.endings.of(ending.of).every(({ id }) => id !== ending.id))
          await this.#hear(ending);
        this.#seq = seq;
      }
      await this.#catchUp();
      if (this.#deaf !== undefined) log.info("the ends of access of other gateways are heard of again");
      this.#deaf = undefined;
    } catch (error) {
      if (this.#deaf === undefined) log.error({ error }, "other gateways' ends of access are not heard of");
      this.#deaf = error instanceof Error ? error.message : "the store failed";
    }
    if (!this.#stopped) this.follow();
  }

  /** In force whatever becomes of this trail: the gateway that ended it has it in its own. */
  async #hear(ending: Ending): Promise<void> {
    await this.#take(ending);
    this.#note(ending);
  }

  #note({ id, of, blocks, reason, by }: Ending): number {
    return this.parts.trail.append({ kind: "access-ended", ending: id, of, blocks, reason, by });
  }

  async #take(ending: Ending): Promise<void> {
    this.parts.endings.add(ending);
    await this.parts.tell("endAccess", ending);
  }

  async #lift(ending: Ending): Promise<void> {
    this.parts.endings.lift(ending);
    await this.parts.tell("liftEnding", ending);
  }

  /** The store itself refuses it too, whoever asks. */
  async #revoked(of: Ended): Promise<void> {
    if (of.kind === "credential") await this.parts.store.call("revokeCredential", of.id);
  }
}

/** Whoever asked must know both: it has ended here, and the others do not know yet. */
function onlyHere(error: unknown): unknown {
  if (!(error instanceof PosternError)) return error;
  return new PosternError(error.code, `It has ended at this gateway, and here alone: ${error.message}`, {
    hint: "This gateway tells the others once the store answers. If it is stopped before, say it again.",
    cause: error,
  });
}
