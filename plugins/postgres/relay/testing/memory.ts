import type { Gate } from "../../../../core/gate.ts";
import { defaultLimits, type Limits } from "../../../../core/policy.ts";
import type { Wire, WireSink } from "../../../../core/wire.ts";
import type { Catalogue } from "../../catalogue.ts";
import { classify, columnsOf, loadFor } from "../../sql/index.ts";
import { openRelay } from "../open-relay.ts";
import { TestGate } from "./gate.ts";

/** A wire whose other end is the test. */
export class MemoryWire implements Wire {
  readonly remote = "test";
  readonly loopback = true;
  readonly encrypted = false;
  readonly unread = 0;
  readonly gone: Promise<void> = new Promise(() => {});
  whenGone: (() => void) | undefined;
  readonly backlog = 0;
  closed = false;
  written: Buffer = Buffer.alloc(0);
  #sink: WireSink | undefined;

  /** Bytes arrive from the other end. */
  arrive(...parts: readonly Uint8Array[]): void {
    this.#sink?.data(Buffer.concat(parts));
  }
  hangUp(): void {
    this.#sink?.close();
  }
  /** Types of the whole messages written so far. */
  get types(): string {
    let types = "";
    for (let at = 0; at + 5 <= this.written.length; at += this.written.readInt32BE(at + 1) + 1) {
      types += String.fromCharCode(this.written[at] as number);
    }
    return types;
  }
  stream(sink: WireSink): void {
    this.#sink = sink;
  }
  write(bytes: Uint8Array): boolean {
    this.written = Buffer.concat([this.written, bytes]);
    return true;
  }
  end(): void {
    this.closed = true;
  }
  destroy(): void {
    this.closed = true;
  }
  read(): Promise<Buffer> {
    return new Promise(() => {});
  }
  putBack(): void {}
  secure(): Promise<never> {
    return Promise.reject(new Error("no TLS in this test"));
  }
  deadline(): void {}
  pause(): void {}
  resume(): void {}
}

/** A session whose caller and server are both the test. */
export function memorySession(limits: Partial<Limits> = {}) {
  const caller = new MemoryWire();
  const server = new MemoryWire();
  const gate = new TestGate();
  return { caller, server, gate, ...memoryRelay(caller, server, gate, limits) };
}

export function memoryRelay(
  caller: Wire,
  server: Wire,
  gate: Gate,
  limits: Partial<Limits> = {},
  table: Catalogue["table"] = () => undefined,
) {
  const cancels: number[] = [];
  const relay = openRelay(caller, server, {
    gate,
    limits: { ...defaultLimits, ...limits },
    catalogue: {
      table,
      load: async () => {},
      named: () => undefined,
      loadNamed: async () => {},
    },
    classify,
    meanings: { of: (statement) => statement, call: () => undefined },
    columnsOf,
    loadFor,
    async cancel() {
      cancels.push(relay.exchange.owed.length);
    },
    invalidate() {},
  });
  const { exchange } = relay;
  return { exchange, cancels, over: relay.carry() };
}
