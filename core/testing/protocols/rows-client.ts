import { connectWire, listenWires } from "../../socket.ts";
import type { Wire } from "../../wire.ts";
import type { Login } from "../conformance/protocol/subject.ts";
import { type FrameType, frame, rowCells, types } from "./rows-frames.ts";

/** Frames as they arrive, whatever the chunks. */
export class Frames {
  #rest = Buffer.alloc(0);
  #whole: { type: number; text: string; cells: string[] }[] = [];
  #waiting: (() => void) | undefined;
  #over = false;

  constructor(wire: Wire) {
    const wake = () => this.#waiting?.();
    wire.stream({
      data: (view) => {
        this.#rest = Buffer.concat([this.#rest, view]);
        this.#take();
        wake();
      },
      drain() {},
      close: () => {
        this.#over = true;
        wake();
      },
    });
  }

  #take(): void {
    while (this.#rest.length >= 5 && this.#rest.length >= this.#rest.readUInt32BE(1)) {
      const length = this.#rest.readUInt32BE(1);
      const type = this.#rest[0] as number;
      const celled = type === types.ROW || type === types.COLUMNS;
      this.#whole.push({
        type,
        text: this.#rest.toString("utf8", 5, length),
        cells: celled ? rowCells(this.#rest, 0, length).map(String) : [],
      });
      this.#rest = this.#rest.subarray(length);
    }
  }

  /** Rejects at the end of the connection. */
  async next() {
    for (;;) {
      const frame = this.#whole.shift();
      if (frame) return frame;
      if (this.#over) throw new Error("the connection is closed");
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  /** All up to and with the next READY, as `R:a,b` and the like. */
  async group(): Promise<string[]> {
    const got: string[] = [];
    for (;;) {
      const one = await this.next();
      got.push(`${String.fromCharCode(one.type)}:${one.cells.length > 0 ? one.cells.join() : one.text}`);
      if (one.type === types.READY) return got;
    }
  }
}

export const ask = (text: string) => frame(types.ASK as FrameType, text);
export const sync = frame(types.SYNC, "");

/** Answers a row to each ASK, fails on `fail`, and then skips to SYNC, like a database. */
export function rowsBackend() {
  const asked: string[] = [];
  const wires = new Set<Wire>();
  const serve = async (wire: Wire) => {
    const frames = new Frames(wire);
    let skipping = false;
    for (;;) {
      const { type, text } = await frames.next();
      if (type === types.SYNC) {
        skipping = false;
        wire.write(frame(types.READY, ""));
      } else if (!skipping) {
        asked.push(text);
        skipping = text === "fail";
        for (const part of answerTo(text)) wire.write(part);
      }
    }
  };
  const listener = listenWires({ host: "127.0.0.1", port: 0 }, (wire) => {
    wires.add(wire);
    serve(wire).catch(() => {
      wires.delete(wire);
      wire.end();
    });
  });
  return {
    host: "127.0.0.1",
    port: listener.port,
    /** Every text that reached it. */
    asked,
    /** A note to everybody. */
    say(text: string): void {
      for (const wire of wires) wire.write(frame(types.NOTE, text));
    },
    stop(): void {
      listener.stop();
      for (const wire of wires) wire.destroy();
    },
  };
}

function answerTo(text: string): Buffer[] {
  if (text === "fail") return [frame(types.FAILED, "no such thing")];
  return [
    ...(text.includes("news") ? [frame(types.NOTE, "secret news")] : []),
    frame(types.COLUMNS, "id", "email"),
    frame(types.ROW, "1", "a@b.example"),
    frame(types.DONE, ""),
  ];
}

/** A logged-in client of `rows`. */
export class RowsClient {
  private constructor(
    readonly wire: Wire,
    readonly frames: Frames,
  ) {}

  static async open(to: Login): Promise<RowsClient> {
    const wire = await connectWire({ host: to.host, port: to.port, timeout: 1_000 });
    const client = new RowsClient(wire, new Frames(wire));
    wire.write(Buffer.from(`hello ${to.token} ${to.resource}\n`));
    const { type, text } = await client.frames.next();
    if (type === types.NOTE && text.startsWith("welcome")) return client;
    wire.destroy();
    throw new Error(text);
  }

  ask(text: string): Promise<string> {
    return this.pipeline([text]);
  }

  async pipeline(texts: readonly string[]): Promise<string> {
    this.wire.write(Buffer.concat(texts.flatMap((text) => [ask(text), sync])));
    const shown: string[] = [];
    for (const _ of texts) shown.push(...(await this.frames.group()));
    return shown.join("\n");
  }

  close(): void {
    this.wire.destroy();
  }
}
