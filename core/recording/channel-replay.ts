import type { Recorded, Replay, TerminalEvent } from "../protocol.ts";
import { type ChannelFrame, decodeFrames, eventOf, frameTypes, sizeOf } from "./frames.ts";

/**
 * Shows a recording: terminals as what happened in them, commands and files as a list of what was done, with the
 * channel's number before each line.
 */
export function channelReplay(): Replay {
  const terminals = new Terminals();
  const list = new EventList(terminals);
  return {
    terminals: (event) => (event.kind === "bytes" ? terminals.of(event.bytes) : []),
    show: (event) => list.show(event),
  };
}

class Terminals {
  readonly #decoders = new Map<number, { readonly output: TextDecoder; readonly input: TextDecoder }>();

  has(channel: number): boolean {
    return this.#decoders.has(channel);
  }

  of(bytes: Uint8Array): readonly TerminalEvent[] {
    return [...decodeFrames(bytes)].flatMap((frame) => this.#event(frame) ?? []);
  }

  #event({ type, channel, data }: ChannelFrame): TerminalEvent | undefined {
    if (type === frameTypes.event) return this.#open(channel, data);
    const decoders = this.#decoders.get(channel);
    if (!decoders) return undefined;
    switch (type) {
      case frameTypes.output:
      case frameTypes.error:
        return { channel, type: "output", text: decoders.output.decode(data, { stream: true }) };
      case frameTypes.input:
        return { channel, type: "input", text: decoders.input.decode(data, { stream: true }) };
      case frameTypes.resize: {
        const size = sizeOf(data);
        return size && { channel, type: "resize", ...size };
      }
      default:
        return undefined;
    }
  }

  #open(channel: number, data: Uint8Array): TerminalEvent | undefined {
    const event = eventOf(data);
    if (event?.event !== "terminal") return undefined;
    this.#decoders.set(channel, { output: new TextDecoder(), input: new TextDecoder() });
    const { term, columns, rows } = event;
    return { channel, type: "open", term: String(term), columns: Number(columns), rows: Number(rows) };
  }
}

class EventList {
  /** Output of commands, to its last line's end. */
  readonly #lines = new Map<string, { readonly decoder: TextDecoder; rest: string }>();

  constructor(readonly terminals: Terminals) {}

  show(recorded: Recorded): string {
    if (recorded.kind === "event") return operation(recorded.name, recorded.data);
    let shown = "";
    for (const frame of decodeFrames(recorded.bytes)) shown += this.#frame(frame);
    return shown;
  }

  #frame({ type, channel, data }: ChannelFrame): string {
    if (type === frameTypes.event) {
      const event = eventOf(data);
      // A terminal is played: how it was opened stands before it, as the operation that it was.
      if (event?.event === "open" && this.terminals.has(channel)) return "";
      return `${event?.event === "end" ? this.#left(channel) : ""}${described(channel, event)}`;
    }
    if (this.terminals.has(channel)) return "";
    switch (type) {
      case frameTypes.output:
        return this.#output(channel, "|", data);
      case frameTypes.error:
        return this.#output(channel, "!", data);
      case frameTypes.exit:
        return `${this.#left(channel)}[${channel}] exit ${Buffer.from(data).toString("utf8")}\n`;
      default:
        return "";
    }
  }

  #output(channel: number, mark: string, data: Uint8Array): string {
    const key = `[${channel}] ${mark}`;
    const line = this.#lines.get(key) ?? { decoder: new TextDecoder(), rest: "" };
    this.#lines.set(key, line);
    const lines = (line.rest + line.decoder.decode(data, { stream: true })).split("\n");
    line.rest = lines.pop() ?? "";
    return lines.map((text) => `${key} ${text}\n`).join("");
  }

  /** What has no line's end, once nothing follows. */
  #left(channel: number): string {
    let shown = "";
    for (const mark of ["|", "!"]) {
      const key = `[${channel}] ${mark}`;
      const rest = this.#lines.get(key)?.rest ?? "";
      if (rest !== "") shown += `${key} ${rest}\n`;
      this.#lines.delete(key);
    }
    return shown;
  }
}

function described(channel: number, event: ReturnType<typeof eventOf>): string {
  if (!event || event.event === "terminal" || event.event === "close") return "";
  const { event: name, ...fields } = event;
  const told = Object.entries(fields).map(([field, value]) => `${field}=${String(value)}`);
  return `[${channel}] ${[name, ...told].join(" ")}\n`;
}

/** Of `record`: what was asked, and whether it was refused. */
function operation(name: string, data: unknown): string {
  if (name === "cut") return "(no more of the output was recorded)\n";
  if (name !== "operation" || typeof data !== "object" || data === null) return "";
  const { text, refused } = data as { text?: unknown; refused?: unknown };
  if (typeof text !== "string") return "";
  return `=> ${text}${typeof refused === "string" ? ` (refused: ${refused})` : ""}\n`;
}
