import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

const protocol = JSON.stringify(join(import.meta.dir, "../../core/testing/protocols/lines.ts"));

/** A backend of the `lines` protocol that answers every line and keeps what it saw. */
export class Backend {
  readonly seen: string[] = [];
  readonly #server: Server;
  private constructor() {
    this.#server = createServer((socket) => {
      socket.on("error", () => {});
      createInterface(socket).on("line", (line) => {
        this.seen.push(line);
        socket.write(`did ${line}\n.\n`);
      });
    });
  }

  static async start(): Promise<Backend> {
    const backend = new Backend();
    backend.#server.listen(0, "127.0.0.1");
    await once(backend.#server, "listening");
    return backend;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  close(): void {
    this.#server.close();
  }
}

export interface PolicyParts {
  readonly port: number;
  /** The rights of everybody. */
  readonly may?: string;
  /** Further members of gateway({...}). */
  readonly more?: string;
  /** Before everything else. */
  readonly head?: string;
  readonly listen?: string;
}

/** A policy with one resource `box`: reads are free, writes need a lead's approval. */
export function linesPolicy(parts: PolicyParts): string {
  const { port, may = '["read", "write"]', more = "", head = "", listen = "port: 0" } = parts;
  return `${head}
import { anyone, gateway, group } from "postern";
import { approve, local, record } from "postern/plugins";
import { lines } from ${protocol};
export default gateway({
  listen: { lines: { ${listen}, insecure: true } },
  identity: [local()],
  resources: { box: lines({ port: ${port} }) },
  always: [record()],
  rules: [{ who: anyone, on: "box", may: ${may}, under: [approve({ by: group("leads"), within: "1m" }).for("write")] }],
  ${more}
});
`;
}

/** An ordinary client of the `lines` protocol. */
export class LinesClient {
  readonly #lines: AsyncIterator<string>;
  private constructor(readonly socket: Socket) {
    this.#lines = createInterface(socket)[Symbol.asyncIterator]();
  }

  static async open(port: number, token: string): Promise<LinesClient> {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    const client = new LinesClient(socket);
    client.say(`hello ${token} box`);
    return client;
  }

  say(line: string): void {
    this.socket.write(`${line}\n`);
  }

  /** undefined at the end. */
  async next(): Promise<string | undefined> {
    const { done, value } = await this.#lines.next();
    return done ? undefined : value;
  }

  /** The session's id, from the greeting. */
  async welcome(): Promise<string> {
    const line = await this.next();
    const id = /^welcome (\S+)/.exec(line ?? "")?.[1];
    if (id === undefined) throw new Error(`No welcome: ${line}`);
    return id;
  }

  close(): void {
    this.socket.destroy();
  }
}
