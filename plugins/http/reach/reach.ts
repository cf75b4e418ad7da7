import {
  milliseconds,
  type Permit,
  PosternError,
  type Reach,
  type ResourceCredential,
  type Wire,
} from "../../../core/plugin.ts";
import {
  type AnswerTime,
  type Destination,
  destinationOf,
  type HttpTarget,
  type VersionChoice,
} from "../config.ts";
import type { Dialect, Whose } from "../dialect.ts";
import { withoutEchoes } from "../echo/connection.ts";
import { EchoGuard } from "../echo/guard.ts";
import type { ResourceConnection } from "../exchange.ts";
import { H1Resource } from "../h1/resource.ts";
import { H2Resource } from "../h2/resource.ts";
import type { Fields } from "../message.ts";
import { Deadlines } from "../relay/deadlines.ts";
import { type Alpn, dialResource } from "./dial.ts";

/** Connections of one session that wait for its next request; what is used beyond them closes afterwards. */
const mostIdle = 64;
/** Bytes of an answer's head. */
const longestHead = 64 * 1024;
/** Milliseconds that one waits: less than what servers commonly allow. */
const idleFor = 4_000;
/** Connections over HTTP/2 that a request tries to find room on; then it waits for its turn on the last one. */
const mostTries = 8;

/** All that one session uses of its resource: its credential, and connections that no other session shares. */
export class HttpReach implements Reach {
  readonly destination: Destination;
  /** How long the resource may be silent before the head of an answer; undefined: for ever. */
  readonly silence: Deadlines | undefined;
  readonly #idle: { readonly connection: ResourceConnection; readonly since: number }[] = [];
  readonly #all = new Set<ResourceConnection>();
  /** Connections that carry several requests at a time, and one that is on its way. */
  readonly #shared = new Set<H2Resource>();
  #opening: Promise<H2Resource> | undefined;
  readonly #echoes = new EchoGuard();
  #login:
    | { readonly secret: string | undefined; readonly session: Whose["session"]; readonly fields: Fields }
    | undefined;
  #closed = false;
  #channels = 0;

  constructor(
    readonly config: HttpTarget & VersionChoice & AnswerTime,
    readonly credential: ResourceCredential | undefined,
  ) {
    this.destination = destinationOf(config);
    this.silence = config.timeout === undefined ? undefined : new Deadlines(milliseconds(config.timeout));
    if (credential) this.#echoes.shows(credential.value);
  }

  /** One that is open and free, the one used last; undefined: `connect`. */
  take(): ResourceConnection | undefined {
    for (const connection of this.#shared) if (connection.free) return connection;
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
    if (!this.config.http2) {
      return this.#opened(new H1Resource(await this.dial("http/1.1"), { header: longestHead }));
    }
    for (let tries = 1; ; tries++) {
      this.#opening ??= this.#share().finally(() => {
        this.#opening = undefined;
      });
      const connection = await this.#opening;
      if (connection.free || tries === mostTries) return connection;
    }
  }

  /** Its request is done. */
  put(connection: ResourceConnection): void {
    if (connection instanceof H2Resource) return;
    if (this.#closed || !connection.free || this.#idle.length >= mostIdle) return this.drop(connection);
    this.#idle.push({ connection, since: Date.now() });
  }

  /** It is not used again, where it is one request's alone. */
  drop(connection: ResourceConnection): void {
    if (connection instanceof H2Resource) return;
    this.#all.delete(connection);
    connection.close();
  }

  /** What shows the credential now; undefined: the resource needs none. */
  secret(): string | Promise<string> | undefined {
    if (!this.credential?.current) return this.credential?.value;
    return this.credential.current().then((secret) => {
      this.#echoes.shows(secret);
      return secret;
    });
  }

  /** Fields that show it, and whose request it is: the same object as long as it is the same secret. */
  loginOf(
    secret: string | undefined,
    dialect: Pick<Dialect, "login">,
    session: Whose["session"],
    config: HttpTarget,
  ): Fields {
    const last = this.#login;
    if (last !== undefined && last.secret === secret && last.session === session) return last.fields;
    const fields = dialect.login(secret, { session, as: this.credential?.as }, config);
    this.#login = { secret, session, fields };
    return fields;
  }

  /** Numbers the session's exchanges in its recording. */
  nextChannel(): number {
    return this.#channels++;
  }

  close(): void {
    this.#closed = true;
    this.silence?.close();
    for (const connection of this.#all) connection.close();
    this.#all.clear();
    this.#shared.clear();
    this.#idle.length = 0;
  }

  async #share(): Promise<H2Resource> {
    const wire = await this.dial("h2");
    const connection = this.#opened(new H2Resource(wire, { header: longestHead }));
    this.#shared.add(connection);
    void wire.gone.then(() => {
      this.#shared.delete(connection);
      this.#all.delete(connection);
    });
    return connection;
  }

  #opened<Kind extends ResourceConnection>(connection: Kind): Kind {
    if (this.#closed) {
      connection.close();
      throw new PosternError("session.closed", "The session is over.");
    }
    this.#all.add(connection);
    return this.credential ? withoutEchoes(connection, this.#echoes) : connection;
  }

  /** A connection of bytes, secured where the resource is. Throws PosternError `resource.*`, `tls.files`. */
  protected dial(alpn: Alpn): Promise<Wire> {
    return dialResource(this.destination, this.config, alpn);
  }
}

/** Throws PosternError `credential.*`, `resource.config`. */
export async function reach(permit: Permit<HttpTarget>): Promise<HttpReach> {
  return new HttpReach(permit.config, await permit.credential());
}
