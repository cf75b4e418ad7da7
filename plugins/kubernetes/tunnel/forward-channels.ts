import {
  across,
  closePayload,
  encodeFrame,
  FrameReader,
  type Intake,
  MessageGatherer,
  opcodes,
  type Side,
  type Tunnel,
} from "../../http/kit.ts";
import { streamFault } from "./fault.ts";
import type { Carried } from "./forward.ts";
import { ForwardRecord } from "./forward-record.ts";
import type { Out } from "./streams.ts";

/** The cluster begins each channel with its port. */
const portBytes = 2;

/**
 * Connections to ports of a pod over a WebSocket (`v4.channel.k8s.io`): two channels a port of the query, data and
 * error; the messages are the caller's and the cluster's own.
 */
export class ChannelForward implements Carried {
  readonly #readers: Readonly<Record<Side, FrameReader>>;
  readonly #records: readonly ForwardRecord[];
  readonly #begun = new Set<number>();

  constructor(
    readonly out: Out,
    readonly tunnel: Tunnel,
    readonly intake: Intake,
    pod: string,
    ports: readonly string[],
  ) {
    this.#records = ports.map((port) => new ForwardRecord(tunnel, `tcp ${pod}:${port}`));
    this.#readers = { caller: this.#reader("caller"), resource: this.#reader("resource") };
  }

  push(view: Buffer, from: Side): void {
    this.#readers[from].push(view);
  }

  leave(text: string): void {
    this.out("caller", encodeFrame(opcodes.close, true, closePayload(1008, text), false));
    this.out("resource", encodeFrame(opcodes.close, true, closePayload(1001, ""), true));
  }

  over(): void {
    for (const record of this.#records) record.over();
  }

  #reader(from: Side): FrameReader {
    const to = across(from);
    const gatherer = new MessageGatherer(this.tunnel.limits.frame);
    const send = (opcode: (typeof opcodes)[keyof typeof opcodes], body: Buffer) =>
      this.out(to, encodeFrame(opcode, true, body, to === "resource"));
    return new FrameReader(from === "caller", {
      data: (view, part) => {
        const message = gatherer.add(view, part);
        if (!message || message.length === 0) return;
        this.#count(from, message);
        send(opcodes.binary, message);
      },
      ping: (body) => send(opcodes.ping, body),
      pong: (body) => send(opcodes.pong, body),
      close: (code, text) =>
        send(opcodes.close, code === undefined ? text : closePayload(code, text.toString())),
    });
  }

  #count(from: Side, message: Buffer): void {
    const channel = message[0] as number;
    const record = this.#records[channel >> 1];
    if (!record) throw streamFault("a message is of no port that was asked for");
    const first = from === "resource" && !this.#begun.has(channel);
    if (first) this.#begun.add(channel);
    const content = message.subarray(1 + (first ? portBytes : 0));
    if (from === "caller") this.intake.add(content.length);
    if (channel % 2 === 0) record.add(from, content);
  }
}
