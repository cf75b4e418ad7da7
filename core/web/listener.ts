import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Server } from "bun";
import { PosternError } from "../error.ts";
import type { Log } from "../log.ts";
import { type PolicyWatch, watchPolicy } from "../policy/watch.ts";
import type { WebConfig } from "../policy.ts";
import { readContext } from "../tls/files.ts";
import type { ListenerAddress } from "../worker-calls.ts";

/** `remote`: address and port of who asks. */
export type Answer = (request: Request, remote: string) => Promise<Response> | Response;

/** What a policy's `web` needs, open beside what is served now. */
export interface PreparedWeb {
  use(): void;
  discard(): void;
}

interface Listening {
  readonly config: WebConfig;
  server: Server<undefined>;
  watch?: PolicyWatch;
}

/** Seconds without a byte. Bun also ends headers and bodies that trickle in. */
const idleTimeout = 30;
const maxRequestBodySize = 1 << 20;

/** Where the gateway is reached over HTTP. It opens, moves and closes as policies say. */
export class WebListener {
  #open: Listening | undefined;

  constructor(
    readonly answer: Answer,
    readonly log: Log,
  ) {}

  get addresses(): ListenerAddress[] {
    if (!this.#open) return [];
    const { config, server } = this.#open;
    return [{ protocol: "web", host: config.host, port: server.port ?? 0 }];
  }

  /** As others reach it, without a slash at its end; "" while it is closed. */
  get url(): string {
    if (!this.#open) return "";
    const { config, server } = this.#open;
    if (config.url !== undefined) return config.url;
    const anywhere = config.host === "0.0.0.0" || config.host === "::";
    const host = anywhere ? hostname() : config.host.includes(":") ? `[${config.host}]` : config.host;
    return `${config.tls ? "https" : "http"}://${host}:${server.port}`;
  }

  /** Throws PosternError `web.listen`, `tls.files`; nothing has changed then. */
  prepare(config: WebConfig | undefined): PreparedWeb {
    const old = this.#open;
    if (!config) return { use: () => this.#take(undefined), discard() {} };
    const same = old && sameSocket(old.config, config);
    const server = same ? old.server : this.#serve(config, portFor(config, old));
    return {
      use: () => this.#take({ config, server }),
      discard: () => void (same || server.stop(true)),
    };
  }

  async stop(): Promise<void> {
    this.#open?.watch?.close();
    await this.#open?.server.stop(true);
    this.#open = undefined;
  }

  #take(next: Listening | undefined): void {
    const old = this.#open;
    this.#open = next;
    old?.watch?.close();
    // What is being answered there is answered to its end.
    if (old && old.server !== next?.server) void old.server.stop();
    const tls = next?.config.tls;
    if (next && tls) next.watch = watchPolicy([tls.cert, tls.key], () => this.#renew(next));
  }

  /** Bun reads certificates once a server: a new one takes the port over. */
  #renew(listening: Listening): void {
    const { config, server } = listening;
    try {
      listening.server = this.#serve(config, server.port ?? 0);
      void server.stop();
      this.log.info({ cert: config.tls?.cert }, "certificates were reloaded");
    } catch (error) {
      this.log.error(
        { error, cert: config.tls?.cert },
        "changed certificates were refused, the old ones stay",
      );
    }
  }

  #serve({ host, tls }: WebConfig, port: number): Server<undefined> {
    if (tls) readContext(tls);
    try {
      return Bun.serve({
        hostname: host,
        port,
        reusePort: true,
        idleTimeout,
        maxRequestBodySize,
        ...(tls ? { tls: { cert: readFileSync(tls.cert), key: readFileSync(tls.key) } } : {}),
        fetch: (request, server) => {
          const from = server.requestIP(request);
          return this.answer(request, from ? `${from.address}:${from.port}` : "unknown");
        },
        error: () => new Response(null, { status: 500 }),
      });
    } catch (cause) {
      throw new PosternError(
        "web.listen",
        `Cannot serve \`web\` on ${host}:${port}: ${(cause as Error).message}`,
        {
          hint: "Give another address for `web` in the policy file.",
          cause,
        },
      );
    }
  }
}

/** A policy that leaves the port open keeps the one that was chosen. */
function portFor(config: WebConfig, old: Listening | undefined): number {
  const chosen = config.port === 0 && old?.config.port === 0 && old.config.host === config.host;
  return chosen ? (old.server.port ?? 0) : config.port;
}

function sameSocket(one: WebConfig, other: WebConfig): boolean {
  const mark = ({ host, port, tls }: WebConfig) => JSON.stringify([host, port, tls?.cert, tls?.key]);
  return mark(one) === mark(other);
}
