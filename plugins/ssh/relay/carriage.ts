import {
  encodeFrame,
  type FrameType,
  type Gate,
  type Limits,
  type Pass,
  type Reason,
  type Wire,
} from "../../../core/plugin.ts";
import type { SshCaller } from "../caller.ts";
import type { SshConfig } from "../config.ts";
import type { SshHost } from "../host.ts";
import type { Statements } from "./statements.ts";

/** What every channel of one connection needs. */
export class Carriage {
  /** When a byte last passed, in either direction; `performance.now()`. */
  lastByte = performance.now();
  /** What is open at the host, to be ended by whoever comes last. */
  readonly passes = new Set<Pass>();
  /** Writes the end of a forward into the recording, of each that is open. */
  readonly forwards = new Set<() => void>();
  readonly #broken = Promise.withResolvers<never>();
  #numbers = 0;

  constructor(
    readonly gate: Gate,
    readonly caller: SshCaller,
    readonly host: SshHost,
    readonly config: SshConfig,
    readonly limits: Limits,
    readonly statements: Statements,
    /** What the host's connection runs over. */
    readonly hostWire: Wire,
  ) {}

  /** Rejects when a channel failed by what nobody foresaw: that ends the session, and the operator's log has it. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  fail(error: unknown): void {
    this.#broken.reject(error);
  }

  /** The next channel's, as recordings count them. */
  number(): number {
    return this.#numbers++;
  }

  /** Bytes that passed on a channel, for the recorder. A promise: read no further until it is kept. */
  passed(type: FrameType, channel: number, bytes: Uint8Array): Promise<void> | undefined {
    this.lastByte = performance.now();
    return this.gate.recordsWire ? this.gate.passed(encodeFrame(type, channel, bytes)) : undefined;
  }

  /** A frame that is made only where somebody keeps it. */
  tell(frame: () => Uint8Array): void {
    if (this.gate.recordsWire) void this.gate.passed(frame());
  }
}

export const hostGone: Reason = {
  code: "resource.gone",
  message: "The host closed the connection.",
  hint: "Connect again, and look what became of what was running.",
};

/** What a caller is told on its channel: one line each for what and what next. */
export function lines({ code, message, rule, hint }: Reason, session: string): string[] {
  const by = rule === undefined ? "" : `, rule ${rule}`;
  return [
    `postern: ${message} (${code}${by}, ${session})`,
    ...(hint === undefined ? [] : [`postern: ${hint}`]),
  ].map((line) => line.replaceAll(/\s*[\r\n]+\s*/g, " "));
}
