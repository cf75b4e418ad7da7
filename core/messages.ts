import { PosternError } from "./error.ts";

/**
 * What crosses between two processes, or a process and its thread. Structured clone carries it, so a
 * Uint8Array arrives as one. `tell` wants no answer.
 */
export type Message =
  | { readonly call: string; readonly id: number; readonly args: readonly unknown[] }
  | { readonly tell: string; readonly args: readonly unknown[] }
  | { readonly answer: number; readonly result?: unknown; readonly error?: Failure };

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

type Method = (...args: never[]) => unknown;
/** Any interface all of whose members are functions. */
export type Interface<T> = { readonly [K in keyof T]: Method };
type Arguments<T, K extends keyof T> = T[K] extends (...args: infer A) => unknown ? A : never;
type Result<T, K extends keyof T> = T[K] extends (...args: never[]) => infer R ? Awaited<R> : never;

/** Typed calls to the other end, and the end that answers its calls. */
export interface Peer<Remote> {
  /** Rejects with the other end's PosternError, or `peer.gone`. */
  call<K extends keyof Remote & string>(name: K, ...args: Arguments<Remote, K>): Promise<Result<Remote, K>>;
  tell<K extends keyof Remote & string>(name: K, ...args: Arguments<Remote, K>): void;
  /** Hands in what has arrived. */
  receive(message: Message): void;
  /** The other end is gone: every open call rejects with `peer.gone`, and so does every later one. */
  close(why: string): void;
}

export function openPeer<Remote extends Interface<Remote>, Local extends Interface<Local>>(
  local: Local,
  send: (message: Message) => void,
): Peer<Remote> {
  const open = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  let last = 0;
  let gone: string | undefined;

  async function run(name: string, args: readonly unknown[]): Promise<unknown> {
    // The key comes from outside: only the interface's own members are callable.
    const method = name in Object.prototype ? undefined : local[name as keyof Local];
    if (typeof method !== "function") {
      throw new PosternError("peer.unknown-call", `There is no call named ${name}.`);
    }
    return method.call(local, ...(args as never[]));
  }

  async function answer(name: string, id: number, args: readonly unknown[]): Promise<void> {
    let reply: Message;
    try {
      reply = { answer: id, result: await run(name, args) };
    } catch (error) {
      reply = { answer: id, error: failure(error) };
    }
    if (gone === undefined) send(reply);
  }

  function settle(message: Extract<Message, { answer: number }>): void {
    const waiting = open.get(message.answer);
    open.delete(message.answer);
    if (message.error) waiting?.reject(revive(message.error));
    else waiting?.resolve(message.result as never);
  }

  return {
    call(name, ...args) {
      if (gone !== undefined) return Promise.reject(new PosternError("peer.gone", gone));
      const id = ++last;
      return new Promise((resolve, reject) => {
        open.set(id, { resolve, reject });
        send({ call: name, id, args });
      });
    },
    tell(name, ...args) {
      if (gone === undefined) send({ tell: name, args });
    },
    receive(message) {
      if ("answer" in message) settle(message);
      else if ("call" in message) void answer(message.call, message.id, message.args);
      else void run(message.tell, message.args);
    },
    close(why) {
      gone ??= why;
      for (const { reject } of open.values()) reject(new PosternError("peer.gone", gone));
      open.clear();
    },
  };
}

function failure(error: unknown): Failure {
  if (error instanceof PosternError) return { ...error.reason };
  return { code: "gateway.internal", message: error instanceof Error ? error.message : String(error) };
}

function revive({ code, message, hint }: Failure): PosternError {
  return new PosternError(code, message, hint === undefined ? {} : { hint });
}
