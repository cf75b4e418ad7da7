import {
  clientContext,
  connectWire,
  type Permit,
  PosternError,
  type Reach,
  type ResourceCredential,
  TlsClient,
  type Wire,
} from "../../../core/plugin.ts";
import { type Destination, destinationOf, type HttpTarget } from "../config.ts";
import type { ResourceConnection } from "../exchange.ts";
import { H1Resource } from "../h1/resource.ts";

/** Connections of one session that wait for its next request; what is used beyond them closes afterwards. */
const mostIdle = 64;
/** Bytes of an answer's head. */
const longestHead = 64 * 1024;
/** Milliseconds that one waits: less than what servers commonly allow. */
const idleFor = 4_000;
/** Milliseconds to connect and to agree on TLS. */
const connectTime = 10_000;

/** All that one session uses of its resource: its credential, and connections that no other session shares. */
export class HttpReach implements Reach {
  readonly destination: Destination;
  readonly #idle: { readonly connection: ResourceConnection; readonly since: number }[] = [];
  readonly #all = new Set<ResourceConnection>();
  #closed = false;
  #channels = 0;

  constructor(
    readonly config: HttpTarget,
    readonly credential: ResourceCredential | undefined,
  ) {
    this.destination = destinationOf(config);
  }

  /** One that is open and free, the one used last; undefined: `connect`. */
  take(): ResourceConnection | undefined {
    const oldest = Date.now() - idleFor;
    for (let kept = this.#idle.pop(); kept; kept = this.#idle.pop()) {
      const { connection, since } = kept;
      if (connection.free && since >= oldest) return connection;
      this.drop(connection);
    }
    return undefined;
  }

  /** Throws PosternError `resource.*`, `tls.files`. */
  async connect(): Promise<ResourceConnection> {
    const connection = new H1Resource(await this.#dial(), { header: longestHead });
    if (this.#closed) {
      connection.close();
      throw new PosternError("session.closed", "The session is over.");
    }
    this.#all.add(connection);
    return connection;
  }

  /** Its request is done. */
  put(connection: ResourceConnection): void {
    if (this.#closed || !connection.free || this.#idle.length >= mostIdle) return this.drop(connection);
    this.#idle.push({ connection, since: Date.now() });
  }

  drop(connection: ResourceConnection): void {
    this.#all.delete(connection);
    connection.close();
  }

  /** What shows the credential now; undefined: the resource needs none. */
  secret(): string | Promise<string> | undefined {
    return this.credential?.current ? this.credential.current() : this.credential?.value;
  }

  /** Numbers the session's exchanges in its recording. */
  nextChannel(): number {
    return this.#channels++;
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#all) connection.close();
    this.#all.clear();
    this.#idle.length = 0;
  }

  async #dial(): Promise<Wire> {
    const { host, port, secure } = this.destination;
    const wire = await connectWire({ host, port, timeout: connectTime }).catch((cause: unknown) => {
      throw new PosternError("resource.unreachable", "The resource cannot be reached.", {
        hint: "Try again in a moment; the operator finds the reason in the log.",
        cause,
      });
    });
    if (!secure) return wire;
    wire.deadline(connectTime);
    try {
      const { tls, serverName = host } = this.config;
      const verification = tls === undefined || tls === "disable" ? "verify-full" : tls;
      await wire.secure(new TlsClient(clientContext(this.config), verification, serverName, "http/1.1"));
      wire.deadline(0);
      return wire;
    } catch (cause) {
      wire.destroy();
      if (cause instanceof PosternError && !cause.code.startsWith("tls.")) throw cause;
      throw new PosternError("resource.tls", "The connection to the resource could not be secured.", {
        hint: "The operator finds the reason in the log.",
        cause,
      });
    }
  }
}

/** Throws PosternError `credential.*`, `resource.config`. */
export async function reach(permit: Permit<HttpTarget>): Promise<HttpReach> {
  return new HttpReach(permit.config, await permit.credential());
}
