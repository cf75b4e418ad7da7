import { RawHttp } from "../h1/testing/rig.ts";

export interface Answered {
  readonly status: number;
  /** With its lines, without the empty one. */
  readonly head: string;
  readonly body: string;
}

/** A caller of HTTP/1.1 on one connection that shows one token; requests are `GET /path`, or that, a line end and a body. */
export class HttpClient {
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly raw: RawHttp,
    readonly resource: string,
    readonly token: string,
  ) {}

  static async open(port: number, resource: string, token: string): Promise<HttpClient> {
    return new HttpClient(await RawHttp.connect(port), resource, token);
  }

  /** Sent at once; answered in turn. Rejects where the connection ends before the answer is whole. */
  request(text: string): Promise<Answered> {
    this.send(text);
    return this.answer();
  }

  send(text: string): void {
    const { resource, token } = this;
    const [line = "", ...rest] = text.split("\n");
    const [method = "", path = ""] = line.split(" ");
    const body = rest.join("\n");
    const length = body === "" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    this.raw.send(
      `${method} /${resource}${path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer ${token}\r\n${length}\r\n${body}`,
    );
  }

  /** The next one that is not read yet. */
  answer(): Promise<Answered> {
    const answer = this.#turn.then(() => this.#read());
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async ask(text: string): Promise<string> {
    return (await this.request(text)).body;
  }

  async pipeline(texts: readonly string[]): Promise<string> {
    return (await Promise.all(texts.map((text) => this.ask(text)))).join("\n");
  }

  close(): void {
    this.raw.close();
  }

  async #read(): Promise<Answered> {
    const head = await this.#upTo("\r\n\r\n");
    const status = Number(head.slice(9, 12));
    const length = /^content-length: (\d+)/im.exec(head)?.[1];
    if (/^transfer-encoding: chunked/im.test(head)) return { status, head, body: await this.#chunks() };
    const body = length === undefined || status === 304 ? "" : await this.#exactly(Number(length));
    return { status, head, body };
  }

  async #chunks(): Promise<string> {
    const parts: string[] = [];
    for (;;) {
      const size = Number.parseInt(await this.#upTo("\r\n"), 16);
      const part = await this.#exactly(size);
      await this.#upTo("\r\n");
      if (size === 0) return parts.join("");
      parts.push(part);
    }
  }

  async #upTo(mark: string): Promise<string> {
    const text = await this.raw.until(mark);
    if (!text.endsWith(mark)) throw new Error("the connection is closed");
    return text.slice(0, -mark.length);
  }

  async #exactly(length: number): Promise<string> {
    if (length === 0) return "";
    const text = await this.raw.until(new RegExp(`^[^]{${length}}`));
    if (text.length !== length) throw new Error("the connection is closed");
    return text;
  }
}
