import type { Answer, GuardedSession, Operation, PosternError } from "../../../../core/plugin.ts";
import type { BodyLength } from "../../exchange.ts";
import type { RequestHead, ResponseHead } from "../../message.ts";
import { type InspectOptions, inspect } from "../index.ts";

/** An answer of the resource, and who asked for it. */
export interface Sent {
  readonly chunks: readonly Uint8Array[];
  readonly type?: string;
  readonly status?: number;
  readonly method?: string;
  readonly fields?: readonly string[];
  readonly asked?: readonly string[];
  readonly trailers?: readonly string[];
  readonly length?: BodyLength;
  readonly options?: Partial<InspectOptions>;
}

/** What the caller got, in the order in which it came. */
export interface Got {
  readonly head?: ResponseHead;
  readonly length?: BodyLength;
  readonly chunks: Buffer[];
  readonly body: Buffer;
  readonly trailers?: readonly string[];
  readonly broken?: PosternError;
}

export const frame = 1 << 20;

export const noOperation: Operation = {
  text: "GET /",
  actions: [],
  inTransaction: false,
  policyVersion: "1",
};
export const noSession = {} as GuardedSession;

/** Through `inspect`, with a caller who takes one chunk at a time where `slow` says so. */
export async function through(answer: Answer, sent: Sent, slow = false): Promise<Got> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const got: { -readonly [Key in keyof Got]: Got[Key] } = { chunks: [], body: Buffer.alloc(0) };
  const request: RequestHead = {
    method: sent.method ?? "GET",
    target: "/",
    authority: "a.example",
    version: "1.1",
    fields: sent.asked ?? [],
  };
  const head: ResponseHead = {
    status: sent.status ?? 200,
    reason: "OK",
    fields: [...(sent.type === undefined ? [] : ["Content-Type", sent.type]), ...(sent.fields ?? [])],
  };
  let waiting: (() => void) | undefined;
  const body = inspect(
    answer,
    request,
    head,
    sent.length ?? "chunked",
    {
      head: (shown, length) => Object.assign(got, { head: shown, length }),
      data(view) {
        got.chunks.push(Buffer.from(view));
        if (slow) setImmediate(() => body.drained());
        return !slow;
      },
      end(trailers) {
        got.trailers = trailers;
        resolve();
      },
      broken(reason) {
        got.broken = reason;
        waiting?.();
        resolve();
      },
      resume: () => waiting?.(),
    },
    { frame, ...sent.options },
  );
  for (const chunk of sent.chunks) {
    // The connection's own memory, which is used again.
    const view = Buffer.from(chunk);
    const more = body.data(view);
    view.fill(0x2a);
    if (more || got.broken) continue;
    await new Promise<void>((go) => {
      waiting = go;
    });
    waiting = undefined;
  }
  body.end(sent.trailers ?? []);
  await promise;
  got.body = Buffer.concat(got.chunks);
  return got;
}
