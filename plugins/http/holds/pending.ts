import { type Gate, type HeldOperation, type Identity, identityKey } from "../../../core/plugin.ts";
import type { Malformed, Refusal } from "../dialect.ts";
import type { Exchange } from "../exchange.ts";
import type { Fields } from "../message.ts";
import { StoredBytes, StoredExchange } from "./stored-exchange.ts";

/** Below each resource: where a request that waits for a person is looked for. */
export const pendingPath = "/.postern/pending/";

/** Requests of one identity that wait so, or whose answers do. */
const mostOfOne = 16;
/** Bytes of one answer, and of all in this process. */
const stored = new StoredBytes(64 << 20, 4 << 20);
/** Milliseconds that an answer is kept. */
const keptFor = 600_000;

interface Pending {
  readonly whose: string;
  readonly resource: string;
  /** What of the path named the resource, as its caller wrote it. */
  readonly prefix: string;
  readonly hold: HeldOperation;
  readonly exchange: StoredExchange;
  forget(): void;
}

const all = new Map<string, Pending>();
/** Which process it is: another worker that is asked can tell that it never had it. */
const here = crypto.randomUUID().slice(0, 8);

/** The request waits on without its connection. undefined: the identity has too many that do. */
export function keepPending(
  exchange: Exchange,
  hold: HeldOperation,
  prefix: string,
  { session, signal }: Gate,
): { readonly location: string; readonly exchange: StoredExchange } | undefined {
  const whose = identityKey(session.identity);
  let count = 0;
  for (const pending of all.values()) if (pending.whose === whose) count++;
  if (count >= mostOfOne) return undefined;
  const id = `${here}-${crypto.randomUUID()}`;
  let late: ReturnType<typeof setTimeout> | undefined;
  const kept = new StoredExchange(exchange, stored, () => {
    late = setTimeout(forget, keptFor);
  });
  const forget = () => {
    if (!all.delete(id)) return;
    clearTimeout(late);
    signal.removeEventListener("abort", forget);
    kept.forget();
  };
  all.set(id, { whose, resource: session.resource, prefix, hold, exchange: kept, forget });
  signal.addEventListener("abort", forget, { once: true });
  return { location: `${prefix}${pendingPath}${id}`, exchange: kept };
}

/** What is found at a path of ours; undefined: it is none. */
export function atPending(
  path: string,
  method: string,
  { identity, resource }: { readonly identity: Identity; readonly resource: string },
): Refusal | Malformed | undefined {
  if (!path.startsWith(pendingPath)) return undefined;
  const id = path.slice(pendingPath.length);
  const pending = all.get(id);
  if (!pending && id.length === 45 && !id.startsWith(`${here}-`)) return elsewhere;
  if (pending?.whose !== identityKey(identity) || pending.resource !== resource) return none;
  if (method === "DELETE") {
    pending.hold.withdraw("cancelled");
    pending.exchange.gone();
    pending.forget();
    return { head: { status: 204, reason: "No Content", fields: careful }, body: new Uint8Array(0) };
  }
  if (method !== "GET") return notThat;
  const { result } = pending.exchange;
  if (result.state === "waiting") return accepted(`${pending.prefix}${path}`, pending.hold);
  pending.forget();
  if (result.state === "whole") return { head: result.head, body: result.body };
  return result.state === "too long" ? tooLong : none;
}

/** 202 (RFC 9110, 15.3.3). `location`: where to look. */
export function accepted(
  location: string,
  { id, expires, notice }: HeldOperation,
  more: Fields = [],
): Refusal {
  const said = { status: "waiting", hold: id, expires: new Date(expires).toISOString(), notice };
  return {
    head: {
      status: 202,
      reason: "Accepted",
      fields: [
        ...["Content-Type", "application/json", "Location", location, "Retry-After", "5"],
        ...careful,
        ...more,
      ],
    },
    body: Buffer.from(`${JSON.stringify(said)}\n`),
  };
}

const careful: Fields = ["Cache-Control", "no-store"];

const none: Malformed = {
  status: 404,
  reason: {
    code: "http.pending",
    message: "No request of yours waits here, nor its answer.",
    hint: "An answer is given out once, and kept for ten minutes while the session lasts: send the request again.",
  },
};

const elsewhere: Malformed = {
  status: 421,
  reason: {
    code: "http.pending-elsewhere",
    message: "Another worker of the gateway has this request, or had it before it ended.",
    hint: "Ask again on a new connection; if that goes on, send the request again.",
  },
};

const tooLong: Malformed = {
  status: 502,
  reason: {
    code: "http.pending-long",
    message: "The request was sent, and its answer is longer than what the gateway keeps.",
    hint: "Find out at the resource what became of it; send such requests without `Prefer: respond-async`.",
  },
};

const notThat: Malformed = {
  status: 405,
  reason: {
    code: "http.method",
    message: "What waits here can be looked at (GET) or withdrawn (DELETE).",
    hint: "Send GET or DELETE.",
  },
};
