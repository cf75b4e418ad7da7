import { randomBytes, timingSafeEqual } from "node:crypto";
import { PosternError } from "../../core/plugin.ts";
import { connect, type Target } from "./connect.ts";
import { type CancelKey, cancelKeyOf } from "./wire/session.ts";
import { cancelRequest, protocolVersion } from "./wire/startup.ts";
import { int32 } from "./wire/write.ts";

/** Slots fill the low 20 bits of a key's process id, the worker's index the 11 above; the sign stays free. */
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
  #next = 1;

  /** `worker`: of this process. `version`: the caller's. `cancel` is called for each request that shows the key. */
  register(
    worker: number,
    version: number,
    cancel: () => void | Promise<void>,
  ): { key: CancelKey; release(): void } {
    if (this.#sessions.size >= slots - 1) {
      throw new PosternError("limit.sessions", "No cancel key is left for another session.");
    }
    const processIdOf = (slot: number) => (worker << slotBits) | slot;
    while (this.#sessions.has(processIdOf(this.#next))) this.#next = (this.#next + 1) % slots;
    const processId = processIdOf(this.#next);
    this.#next = (this.#next + 1) % slots;
    const secret = randomBytes(version >= protocolVersion.v3_2 ? 32 : 4);
    this.#sessions.set(processId, { secret, cancel });
    return { key: { processId, secret }, release: () => this.#sessions.delete(processId) };
  }

  /** Nothing is told to whoever asked, whether the key fits or not; so does the server. */
  async cancel(key: CancelKey): Promise<void> {
    const session = this.#sessions.get(key.processId);
    const secret = session?.secret ?? Buffer.alloc(key.secret.length, 0);
    const fits = secret.length === key.secret.length && timingSafeEqual(secret, key.secret);
    if (session && fits) await session.cancel();
  }
}

/** Of this process. */
export const cancelKeys = new CancelKeys();

/** The worker that gave this key out, if it is a key at all. */
export function workerOf(key: CancelKey): number {
  return key.processId >>> slotBits;
}

/** A key on its way to its worker: the process id (int32), then the secret. */
export function keyMessage({ processId, secret }: CancelKey): Uint8Array {
  return Buffer.concat([int32(processId), secret]);
}

/** Protocol.delivered: a cancel request, from whichever worker it came in at. */
export function keyDelivered(message: Uint8Array): Promise<void> {
  const view = Buffer.from(message.buffer, message.byteOffset, message.length);
  return cancelKeys.cancel(cancelKeyOf(view, 0, view.length));
}

const cancelTimeout = 5_000;

/** Asks the server to cancel what runs under its own key. Resolves when it has taken the request. */
export async function cancelOnServer(target: Target, key: CancelKey): Promise<void> {
  const wire = await connect(target, cancelTimeout);
  wire.write(cancelRequest(key));
  // The server answers nothing and closes the connection when it has passed the request on.
  await wire.read(1).catch(() => {});
  wire.destroy();
}
