import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../program.ts";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  readonly body: unknown;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  readonly colour?: boolean;
  readonly signal?: AbortSignal;
  readonly out?: (text: string) => void;
}

/** Runs one command line in this process. */
export async function cli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let out = "";
  let err = "";
  const code = await run(args, {
    out: (text) => {
      out += text;
      options.out?.(text);
    },
    err: (text) => {
      err += text;
    },
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
    screen: options.colour ?? false,
    colour: options.colour ?? false,
    interactive: false,
  });
  return { code, out, err };
}

/** A control server that answers what a test tells it, on the socket of a data folder of its own. */
export class FakeControl implements AsyncDisposable {
  readonly dataDir = mkdtempSync(join(tmpdir(), "postern-cli-"));
  readonly asked: Asked[] = [];
  readonly #server: Bun.Server<undefined>;

  constructor(answer: (asked: Asked) => Response | object) {
    this.#server = Bun.serve({
      unix: join(this.dataDir, "control.sock"),
      fetch: async (request) => {
        const { pathname, searchParams } = new URL(request.url);
        const text = await request.text();
        const asked: Asked = {
          method: request.method,
          path: pathname,
          query: searchParams,
          token: request.headers.get("authorization")?.replace("Bearer ", ""),
          body: text === "" ? undefined : JSON.parse(text),
        };
        this.asked.push(asked);
        const answered = answer(asked);
        return answered instanceof Response ? answered : Response.json(answered);
      },
    });
  }

  /** Runs a command against this server. */
  cli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return cli([...args, "--data", this.dataDir], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

export function problem(status: number, code: string, message: string, hint?: string): Response {
  return Response.json(
    { status, code, message, hint },
    { status, headers: { "content-type": "application/problem+json" } },
  );
}

export function ndjson(...lines: unknown[]): Response {
  return new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
