import type { Effect } from "../../../operation.ts";
import type { Resource } from "../../../protocol.ts";
import type { Address } from "../tap.ts";

/** A protocol under test, as its author describes it. */
export interface ProtocolSubject {
  /** Starts what the protocol reaches; the real service is better than a fake. */
  start(): Promise<Service>;
  /** What a policy would register, for the service behind this address: the conformance listens in between. */
  resource(at: Address): Resource;
  /**
   * Logs in as an ordinary client would; where each request brings its identity, by a first one that looks and whose
   * answer has no body. Rejects when it is refused; the message is what the client was told.
   */
  connect(to: Login): Promise<ProtocolClient>;
  /** An operation that only looks. */
  readonly read: Sample & {
    /** A part of the answer that a mask can replace, as it stands in the bytes. */
    readonly shows: string;
  };
  /** One with another effect. Sent again and again: it must always succeed. */
  readonly write: Sample;
  /** Connections that the protocol keeps for itself when its sessions are over, for a while. Default 0. */
  readonly keeps?: number;
  /** What cannot be understood, and so must be `unknown`. */
  readonly nonsense?: string;
  /** Makes the service say something that nobody asked for, which holds `shows`. */
  readonly unasked?: {
    /** Asked first, where a caller has to subscribe: it is a read. */
    readonly before?: string;
    provoke(): Promise<void>;
    readonly shows: string;
  };
  /** An operation that takes long, where the protocol emits `deadline`. */
  readonly slow?: Sample;
  /** What the caller saw, piece by piece, out of what is kept of it (`wire`). Default: those bytes themselves, and all of them. */
  saw?(kept: Uint8Array): readonly string[];
}

export interface Service extends Address {
  stop(): void | Promise<void>;
}

export interface Login extends Address {
  readonly token: string;
  readonly resource: string;
}

export interface Sample {
  readonly text: string;
  readonly effect: Effect;
  /** Bytes that stand in what is sent to the resource, and only there. Default: the text. */
  readonly marks?: string;
}

/** A logged-in client. */
export interface ProtocolClient {
  /** All that the caller is shown until it is answered, a refusal included. Rejects when the connection ends before. */
  ask(text: string): Promise<string>;
  /** Sends all before it reads; for protocols whose clients may. */
  pipeline?(texts: readonly string[]): Promise<string>;
  /** Withdraws what waits, as the protocol says; `ask` then resolves with the refusal. */
  cancel?(): void | Promise<void>;
  /** Cuts the connection. */
  close(): void;
}
