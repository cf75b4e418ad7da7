import type { Log } from "../log.ts";
import { watchPolicy } from "../policy/watch.ts";
import type { TlsConfig } from "../policy.ts";
import { TlsServer } from "./server.ts";

/** A listener's certificates, read anew when a file of theirs changes; new connections get the new ones. */
export class Certificates {
  #current: TlsServer;
  readonly #watch: { close(): void };

  /** Throws PosternError `tls.files`. */
  constructor(
    readonly config: TlsConfig,
    readonly log: Log,
  ) {
    this.#current = new TlsServer(config);
    this.#watch = watchPolicy(filesOf(config), () => this.#reload());
  }

  get current(): TlsServer {
    return this.#current;
  }

  close(): void {
    this.#watch.close();
  }

  /** While certificate and key are replaced one after the other they do not fit: the old ones stay. */
  #reload(): void {
    const { config, log } = this;
    try {
      this.#current = new TlsServer(config);
      log.info({ cert: config.cert }, "certificates were reloaded");
    } catch (error) {
      log.error({ error, cert: config.cert }, "changed certificates were refused, the old ones stay");
    }
  }
}

function filesOf({ cert, key, names, clientCa }: TlsConfig): string[] {
  const named = Object.values(names).flatMap((pair) => [pair.cert, pair.key]);
  return [...new Set([cert, key, ...named, ...(clientCa === undefined ? [] : [clientCa])])];
}
