import type {
  Answer,
  Gate,
  Identity,
  Kind,
  Limits,
  Outcome,
  Pass,
  Reason,
  Statement,
  Wire,
} from "../../core/plugin.ts";
import type { HttpTarget } from "./config.ts";
import type { Fields, RequestHead, ResponseHead } from "./message.ts";
import type { ExchangeRecord } from "./relay/exchange-record.ts";

/** A request on its way to one resource, after core knows whose it is. */
export interface Asked<Config = unknown> {
  readonly head: RequestHead;
  /** Path and query below the resource, as sent. */
  readonly target: string;
  /** Path below the resource, decoded once and in canonical form: what is decided by. */
  readonly path: string;
  /** Query with its `?`, as sent; "" where there is none. */
  readonly query: string;
  readonly upgrade: string | undefined;
  readonly hasBody: boolean;
  readonly config: Config;
}

/** What a request does, as far as it can be told. */
export interface Reading {
  readonly statement: Statement;
  /** The body shows more. Called with all of it, once the rules allow what is known so far; reads again. */
  more?(tools: ReadingTools): Promise<Reading>;
  /** What is sent in place of the caller's head: other fields, a canonical target. */
  readonly head?: RequestHead;
  /** The body to send, where it is not the caller's. */
  readonly body?: Uint8Array;
  /** What an approver is shown beside the body: what the resource would make of it. */
  readonly shown?: string;
  /** The resource has said already what it would: it is the answer, and nothing more is sent. */
  readonly answered?: GatheredAnswer;
}

export interface ReadingTools {
  readonly body: Uint8Array;
  /** A request of the gateway's own over the session's credential, to learn what the caller's would do. Bounded. */
  ask(head: RequestHead, body: Uint8Array | undefined): Promise<GatheredAnswer>;
}

export interface GatheredAnswer {
  readonly head: ResponseHead;
  readonly body: Buffer;
}

/** A request that is no good, in the words of the protocol. Throws are `gateway.failed`. */
export interface Malformed {
  readonly status: number;
  readonly reason: Reason;
}

/** What follows an agreed upgrade. */
export interface Tunnel {
  readonly asked: Asked<HttpTarget>;
  readonly head: ResponseHead;
  readonly caller: Wire;
  readonly resource: Wire;
  readonly gate: Gate;
  readonly pass: Pass;
  readonly limits: Limits;
  /** Of the exchange that began it; undefined: nobody records. */
  readonly record: ExchangeRecord | undefined;
  /** For what is recorded beside: the next exchange's number in the session's recording. */
  nextChannel(): number;
  /** Aborted when the tunnel has to end; its reason is a Reason for the caller. */
  readonly signal: AbortSignal;
}

/** How what follows an upgrade is carried. */
export interface Tunnelling {
  /** The request as it is sent: without what nobody here could follow. */
  head(head: RequestHead): RequestHead;
  /** Whether the resource agreed to what was offered. */
  agrees(head: ResponseHead): boolean;
  /** Until either side is done; whoever asked closes both wires. Rejects with what ended it before. */
  carry(tunnel: Tunnel): Promise<Outcome>;
}

/** Whose request it is, as a resource may be told. */
export interface Whose {
  readonly session: { readonly id: string; readonly identity: Identity };
  /** The resource's own role that the session runs as; undefined: none is named. */
  readonly as: string | undefined;
}

/**
 * What one protocol on top of HTTP makes of requests and answers: plain HTTP, Kubernetes. Everything else (whose
 * request it is, the session, the gate, connections, bodies) is the same for all.
 */
export interface Dialect<Config extends HttpTarget = HttpTarget, Name extends string = string> {
  readonly name: Name;
  readonly emits: readonly Kind[];
  /** Browsers use its resources: people sign in at the identity provider, and a login cookie counts. */
  readonly browsers?: true;
  /** What the request does; cached by the dialect. A Malformed is refused with nothing sent on. */
  read(asked: Asked<Config>): Reading | Malformed | Promise<Reading | Malformed>;
  /** Fields to add so that an answer comes that this guardrail can look at. */
  negotiate?(head: RequestHead, answer: Answer): RequestHead;
  /** JSON documents follow one another in the answer, though its type does not say so (a watch). */
  isSequence?(asked: Asked<Config>): boolean;
  /**
   * Fields that show the resource credential (undefined: it needs none) and, where the resource is told, whose request
   * it is. Fields of the same names that the caller sent do not reach the resource.
   */
  login(credential: string | undefined, whose: Whose, config: Config): Fields;
  /** What callers may not send, in lower case, beside what none may. */
  readonly strips?: (name: string) => boolean;
  /** A refusal in the protocol's own form. */
  refusal(status: number, reason: Reason, session: string | undefined, head: RequestHead): Refusal;
  /**
   * How what this upgrade leads to is carried. undefined: nothing here understands it; then it passes as bytes, and is
   * refused before it is sent where `looked`: a guardrail looks at answers (by this `answer`), or they are recorded.
   */
  tunnel?(asked: Asked<Config>, answer: Answer | undefined, looked: boolean): Tunnelling | undefined;
}

export interface Refusal {
  readonly head: ResponseHead;
  readonly body: Uint8Array;
}
