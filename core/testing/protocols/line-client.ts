import { connectWire } from "../../socket.ts";
import type { Wire } from "../../wire.ts";
import type { Login } from "../conformance/protocol/subject.ts";
import { type LineStream, lineStream } from "./line-stream.ts";

/** A logged-in client of `lines` or `documents`; `last` tells the line that ends an answer. */
export class LineClient {
  private constructor(
    readonly wire: Wire,
    readonly lines: LineStream,
    readonly last: (line: string) => boolean,
  ) {}

  static async open(to: Login, last: (line: string) => boolean): Promise<LineClient> {
    const wire = await connectWire({ host: to.host, port: to.port, timeout: 1_000 });
    wire.write(Buffer.from(`hello ${to.token} ${to.resource}\n`));
    const client = new LineClient(wire, lineStream(wire), last);
    const greeting = await client.#next();
    if (greeting.includes("welcome")) return client;
    wire.destroy();
    throw new Error(greeting);
  }

  async ask(text: string): Promise<string> {
    this.wire.write(Buffer.from(`${text}\n`));
    const shown: string[] = [];
    for (;;) {
      const line = await this.#next();
      shown.push(line);
      if (this.last(line)) return shown.join("\n");
    }
  }

  close(): void {
    this.wire.destroy();
  }

  async #next(): Promise<string> {
    const line = await this.lines.next();
    if (line === undefined) throw new Error("the connection is closed");
    return line;
  }
}
