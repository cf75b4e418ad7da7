import { randomBytes, timingSafeEqual } from "node:crypto";
import { connectWire, PosternError } from "../../core/plugin.ts";
import type { CancelKey } from "./wire/session.ts";
import { cancelRequest, protocolVersion } from "./wire/startup.ts";

/** Slots fill the low 20 bits of the process id word, the worker's number the 11 above; the sign stays free. */
const slotBits = 20;
const slots = 1 << slotBits;

interface Session {
  readonly secret: Buffer;
  cancel(): void | Promise<void>;
}

/**
 * The cancel keys this process has given out. A cancel request comes over a connection of its own and
 * proves itself by the key alone; it reaches only the session that the key was made for.
 */
export class CancelKeys {
  readonly #sessions = new Map<number, Session>();
  readonly #worker: number;
  #next = 1;

  constructor(worker = 0) {
    this.#worker = worker;
  }

  /** `version`: the caller's protocol. `cancel` is called for each request that shows the key. */
  register(version: number, cancel: () => void | Promise<void>): { key: CancelKey; release(): void } {
    if (this.#sessions.size >= slots - 1) {
      throw new PosternError("limit.sessions", "No cancel key is left for another session.");
    }
    while (this.#sessions.has(this.#next)) this.#next = (this.#next + 1) % slots;
    const slot = this.#next;
    this.#next = (slot + 1) % slots;
    const secret = randomBytes(version >= protocolVersion.v3_2 ? 32 : 4);
    this.#sessions.set(slot, { secret, cancel });
    return {
      key: { processId: (this.#worker << slotBits) | slot, secret },
      release: () => this.#sessions.delete(slot),
    };
  }

  /** Nothing is told to whoever asked, whether the key fits or not; so does the server. */
  async cancel(key: CancelKey): Promise<void> {
    const ours = key.processId >>> slotBits === this.#worker;
    const session = ours ? this.#sessions.get(key.processId & (slots - 1)) : undefined;
    const secret = session?.secret ?? Buffer.alloc(key.secret.length, 0);
    const fits = secret.length === key.secret.length && timingSafeEqual(secret, key.secret);
    if (session && fits) await session.cancel();
  }
}

/** Of this process. */
export const cancelKeys = new CancelKeys();

/** Where a resource listens. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

const cancelTimeout = 5_000;

/** Asks the server to cancel what runs under its own key. Resolves when it has taken the request. */
export async function cancelOnServer(target: Target, key: CancelKey): Promise<void> {
  const wire = await connectWire({ ...target, timeout: cancelTimeout });
  wire.deadline(cancelTimeout);
  wire.write(cancelRequest(key));
  // The server answers nothing and closes the connection when it has passed the request on.
  await wire.read(1).catch(() => {});
  wire.destroy();
}
