import { randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { connect, type Target } from "./connect.ts";
import { type CancelKey, cancelKeyOf } from "./wire/session.ts";
import { cancelRequest, protocolVersion } from "./wire/startup.ts";
import { int32 } from "./wire/write.ts";

/** Whatever a key that was given out stops. */
export interface Cancellable {
  /** A cancel request shows the key. */
  cancelled(): void | Promise<void>;
}

/** What a caller shows to have its session's work cancelled, until it is released. */
export class GivenKey implements CancelKey {
  /** Others under the same process id. */
  next: GivenKey | undefined;

  constructor(
    readonly keys: Map<number, GivenKey>,
    readonly processId: number,
    readonly secret: Buffer,
    readonly session: Cancellable,
  ) {
    this.next = keys.get(processId);
    keys.set(processId, this);
  }

  release(): void {
    const { keys, processId, next } = this;
    let before = keys.get(processId);
    if (before === this) {
      if (next) keys.set(processId, next);
      else keys.delete(processId);
      return;
    }
    while (before !== undefined && before.next !== this) before = before.next;
    if (before) before.next = next;
  }
}

/**
 * The cancel keys this process has given out. A cancel request comes over a connection of its own and
 * proves itself by the key alone; it reaches only the session that the key was made for.
 */
export class CancelKeys {
  /** By process id, which backends of two servers may have in common. */
  readonly #keys = new Map<number, GivenKey>();

  /**
   * `processId`: the server's own, by which clients know their backend elsewhere (pg_locks, who sent a notification); absent:
   * it has told none. `version`: the caller's. `session` is told of each request that shows the key.
   */
  register(processId: number = randomInt(1, 2 ** 31 - 1), version: number, session: Cancellable): GivenKey {
    const secret = randomBytes(version >= protocolVersion.v3_2 ? 32 : 4);
    return new GivenKey(this.#keys, processId, secret, session);
  }

  /** Nothing is told to whoever asked, whether the key fits or not; so does the server. */
  async cancel(key: CancelKey): Promise<void> {
    const fitting: Cancellable[] = [];
    for (let own = this.#keys.get(key.processId); own; own = own.next) {
      const { secret, session } = own;
      if (secret.length === key.secret.length && timingSafeEqual(secret, key.secret)) fitting.push(session);
    }
    for (const session of fitting) await session.cancelled();
  }
}

/** Of this process. */
export const cancelKeys = new CancelKeys();

/** A key on its way to whichever worker gave it out: the process id (int32), then the secret. `messageTo("cancel", …)`. */
export function keyMessage({ processId, secret }: CancelKey): Uint8Array {
  return Buffer.concat([int32(processId), secret]);
}

/** A cancel request, from whichever worker it came in at. */
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
