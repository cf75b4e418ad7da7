import {
  type Answer,
  frameTypes,
  encodeFrame as keep,
  type Outcome,
  PosternError,
} from "../../../core/plugin.ts";
import { isJson, shownDocument } from "../body/document.ts";
import { looksAtBodies } from "../body/index.ts";
import { isNamed } from "../body/media.ts";
import { shownText } from "../body/text.ts";
import { withheld } from "../body/withheld.ts";
import type { Tunnel } from "../dialect.ts";
import { across, Ends, type Side } from "../relay/ends.ts";
import { Intake } from "../relay/intake.ts";
import { WebSocketFault } from "./fault.ts";
import { closePayload, encodeFrame, type Opcode, opcodes } from "./frame.ts";
import { MessageGatherer } from "./message.ts";
import { FrameReader, type MessagePart } from "./reader.ts";

/** The media type by which a policy lets binary messages pass under a mask. */
const binaryType = "application/octet-stream";

/**
 * A WebSocket whose frames are read: recorded and, where a guardrail looks at answers, each message to the caller
 * looked into as a whole. Both sides are held to the protocol; the fragments of a message may come to be others.
 */
export class WebSocketTunnel {
  readonly #ends: Ends;
  readonly #readers: Readonly<Record<Side, FrameReader>>;
  readonly #look: Look | undefined;
  readonly #intake: Intake;
  readonly #received = { bytes: 0, hash: new Bun.CryptoHasher("sha256") };
  #digest: string | undefined;
  #bytes = 0;
  /** Whom a close frame was sent. */
  readonly #closed = new Set<Side>();
  /** What the caller's last ping carried. */
  #pinged = none;

  constructor(readonly tunnel: Tunnel) {
    const { caller, resource, pass, limits, asked } = tunnel;
    this.#ends = new Ends(caller, resource);
    this.#intake = new Intake(pass.answer?.intake);
    if (looksAtBodies(pass.answer)) {
      this.#look = new Look(pass.answer, limits.frame, isNamed(binaryType, asked.config.opaque ?? []));
    }
    this.#readers = { caller: this.#reader("caller"), resource: this.#reader("resource") };
  }

  async carry(): Promise<Outcome> {
    const { tunnel } = this;
    tunnel.record?.answer(tunnel.head);
    let from: Side = "caller";
    try {
      await this.#ends.carry(
        (view, side) => {
          from = side;
          this.#readers[side].push(view);
        },
        tunnel.signal,
        tunnel.limits.idle,
      );
    } catch (error) {
      this.#leave(error, from);
      throw error;
    } finally {
      this.#told();
    }
    return {
      result: "ok",
      code: String(tunnel.head.status),
      bytes: this.#bytes,
      received: { bytes: this.#received.bytes, sha256: this.#sha256 },
    };
  }

  #reader(from: Side): FrameReader {
    const to = across(from);
    const data =
      from === "caller"
        ? (view: Buffer, part: MessagePart) => this.#toResource(view, part)
        : (view: Buffer, part: MessagePart) => this.#toCaller(view, part);
    return new FrameReader(from === "caller", {
      data,
      ping: (body) => this.#ping(from, body),
      pong: (body) => this.#pong(from, body),
      close: (code, text) => this.#close(to, code === undefined ? none : this.#closing(from, code, text)),
    });
  }

  #toResource(view: Buffer, part: MessagePart): void {
    this.#intake.add(view.length);
    this.#received.bytes += view.length;
    this.#received.hash.update(view);
    // What is typed here is not known to be shown: under a mask, its size and hash are kept.
    if (!this.#look) this.#ends.until("caller", this.#keep(frameTypes.input, view));
    this.#send("resource", opcodeOf(part), part.ends, view);
  }

  #toCaller(view: Buffer, part: MessagePart): void {
    if (!this.#look) return this.#show(view, part);
    const shown = this.#look.message(view, part);
    if (shown) this.#show(shown, { text: part.text, begins: true, ends: true });
  }

  #show(view: Uint8Array, part: MessagePart): void {
    this.#bytes += view.length;
    const { record } = this.tunnel;
    record?.output(view);
    this.#send("caller", opcodeOf(part), part.ends, view);
    this.#ends.until("resource", record?.waits);
  }

  #ping(from: Side, body: Buffer): void {
    // What it carries could not be changed without its answer being another one than the resource waits for.
    if (from === "resource" && this.#look) return this.#send("resource", opcodes.pong, true, body);
    if (from === "caller") this.#pinged = body;
    this.#send(across(from), opcodes.ping, true, body);
  }

  #pong(from: Side, body: Buffer): void {
    if (from === "resource" && this.#look && !this.#pinged.equals(body)) return;
    this.#send(across(from), opcodes.pong, true, body);
  }

  #closing(from: Side, code: number, text: Buffer): Buffer {
    const shown = from === "resource" && this.#look ? this.#look.closing(text) : text.toString();
    return closePayload(code, shown);
  }

  #send(to: Side, opcode: Opcode, final: boolean, payload: Uint8Array): void {
    // Nothing may follow a close frame.
    if (!this.#closed.has(to)) this.#ends.write(to, encodeFrame(opcode, final, payload, to === "resource"));
  }

  #close(to: Side, payload: Buffer): void {
    this.#send(to, opcodes.close, true, payload);
    this.#closed.add(to);
  }

  /** Each side is told why nothing follows. */
  #leave(error: unknown, from: Side): void {
    const reason = error instanceof PosternError ? error.reason : { code: "gateway.failed", message: "" };
    const text = `${reason.message} (${reason.code}, ${this.tunnel.gate.session.id})`;
    const fault = error instanceof WebSocketFault ? error.close : undefined;
    const ended = this.tunnel.signal.aborted;
    const toCaller = ended ? policy : fault !== undefined && from === "caller" ? fault : cannot;
    this.#close("caller", closePayload(toCaller, text));
    this.#close("resource", closePayload(fault !== undefined && from === "resource" ? fault : goingAway, ""));
  }

  #told(): void {
    const { record, signal } = this.tunnel;
    if (this.#look && this.#received.bytes > 0) record?.sent(this.#received.bytes, this.#sha256);
    record?.end(!signal.aborted);
  }

  /** Of all that the caller has sent; it ends the counting. */
  get #sha256(): string {
    this.#digest ??= this.#received.hash.digest("hex");
    return this.#digest;
  }
  #keep(type: typeof frameTypes.input, view: Uint8Array): Promise<void> | undefined {
    const { record, gate } = this.tunnel;
    return record && gate.passed(keep(type, record.channel, view));
  }
}

const none: Buffer = Buffer.alloc(0);

/** Close codes (RFC 6455, 7.4.1). */
const goingAway = 1001;
const policy = 1008;
const cannot = 1011;

function opcodeOf({ text, begins }: MessagePart): Opcode {
  if (!begins) return opcodes.more;
  return text ? opcodes.text : opcodes.binary;
}

/** What a guardrail makes of messages to the caller. */
class Look {
  readonly #gatherer: MessageGatherer;

  constructor(
    readonly answer: Answer,
    frame: number,
    /** Binary messages pass though nobody can look into them. */
    readonly binary: boolean,
  ) {
    this.#gatherer = new MessageGatherer(frame);
  }

  /** Once it is whole. Throws PosternError `answer.withheld`. */
  message(view: Buffer, part: MessagePart): Uint8Array | undefined {
    if (!part.text && !this.binary) throw withheld("a message is binary");
    const message = this.#gatherer.add(view, part);
    if (message === undefined || !part.text) return message;
    const { answer } = this;
    const text = message.toString();
    if (text === "") return message;
    if (answer.document !== undefined && isJson(text)) {
      return shownDocument(message, "application/json", answer);
    }
    const shown = shownText(answer, "body", text);
    return shown === text ? message : Buffer.from(shown);
  }

  /** Why the resource closes; what cannot be looked into is left out. */
  closing(text: Buffer): string {
    if (text.length === 0 || this.answer.stream === undefined) return "";
    return shownText(this.answer, "close", text.toString());
  }
}
