import { randomBytes } from "node:crypto";
import type { Door } from "../../core/plugin.ts";
import { invalidate, type May } from "./catalogue.ts";
import type { PostgresConfig } from "./config.ts";
import { messageTo } from "./workers.ts";

/** Milliseconds between two words of `perhaps`: calls of functions are as many as there are statements. */
const between = 1_000;

/** Names this process in its own messages, which come back to it too. */
const self = randomBytes(8).toString("hex");

interface Telling {
  sending: boolean;
  next: May | undefined;
  saidPerhaps: number;
  timer: NodeJS.Timeout | undefined;
}

/** By host: what is on its way to the other workers, and what shall follow it. */
const tellings = new Map<string, Telling>();

/** Something may have been defined on a resource's server: nothing that any worker knows of that server counts any more. */
export function defined(config: PostgresConfig, may: May, deliver: Door["deliver"]): void {
  invalidate(config.host, may);
  tell(config.host, may, deliver);
}

/** One message at a time is on its way; what happens meanwhile is one more behind it. */
function tell(host: string, may: May, deliver: Door["deliver"]): void {
  const telling = tellings.get(host) ?? {
    sending: false,
    next: undefined,
    saidPerhaps: Number.NEGATIVE_INFINITY,
    timer: undefined,
  };
  tellings.set(host, telling);
  if (may === "perhaps") {
    const wait = telling.saidPerhaps + between - performance.now();
    if (wait > 0) {
      telling.timer ??= setTimeout(() => {
        telling.timer = undefined;
        tell(host, may, deliver);
      }, wait).unref();
      return;
    }
    telling.saidPerhaps = performance.now();
  }
  if (telling.sending) {
    if (telling.next !== "certainly") telling.next = may;
    return;
  }
  telling.sending = true;
  const told = () => {
    telling.sending = false;
    const { next } = telling;
    telling.next = undefined;
    if (next !== undefined) tell(host, next, deliver);
  };
  deliver(messageTo("defined", Buffer.from(JSON.stringify({ from: self, host, may })))).then(told, told);
}

/** The message of another worker. */
export function definedElsewhere(message: Uint8Array): void {
  const { from, host, may } = JSON.parse(Buffer.from(message).toString()) as Record<string, string>;
  if (from !== self && host !== undefined) invalidate(host, may === "perhaps" ? "perhaps" : "certainly");
}
