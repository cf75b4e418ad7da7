import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";

export type Manner = "takes" | "fails" | "hangs" | "redirects";

/** What was posted, verified with the receiver's own library. */
export interface Posted {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A receiver of webhooks as others run them: a real HTTP server that verifies signatures. */
export class Receiver {
  manner: Manner = "takes";
  readonly posted: Posted[] = [];
  /** Bodies and headers as they came. */
  raw = "";
  readonly #webhook: Webhook;
  readonly #waiting = new Set<() => void>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #unanswered: ServerResponse[] = [];
  #port = 0;

  constructor(readonly secret: string) {
    this.#webhook = new Webhook(secret);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hooks/path-secret`;
  }

  /** Late: takes what it has left hanging. */
  answer(): void {
    for (const response of this.#unanswered.splice(0)) response.writeHead(204).end();
  }

  /** On the port it had before, if any. */
  async up(): Promise<void> {
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as { port: number }).port;
  }

  async down(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** The first that this is true of, there already or to come. */
  async next(wanted: (one: Posted) => boolean): Promise<Posted> {
    for (;;) {
      const found = this.posted.find(wanted);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    this.raw += `${JSON.stringify(request.headers)}${body}\n`;
    const headers = request.headers as Record<string, string>;
    const payload = this.#verified(body, headers);
    if (!payload) return void response.writeHead(401).end();
    this.posted.push({ ...payload, id: headers["webhook-id"] ?? "" });
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    if (this.manner === "hangs") return void this.#unanswered.push(response);
    if (this.manner === "redirects") response.setHeader("location", "/elsewhere");
    response.statusCode = { takes: 204, fails: 503, redirects: 302 }[this.manner];
    response.end("thank you");
  }

  #verified(body: string, headers: Record<string, string>): Omit<Posted, "id"> | undefined {
    try {
      return this.#webhook.verify(body, headers) as Omit<Posted, "id">;
    } catch {
      return undefined;
    }
  }
}
