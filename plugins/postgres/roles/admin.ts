import type { Dialed, Secret } from "../../../core/plugin.ts";
import { accountOf, type PostgresConfig } from "../config.ts";
import { Control, type Row } from "../control.ts";
import { connectAs } from "../log-in.ts";

/** What the server says of itself. */
export interface Server {
  /** 150000 and later. */
  readonly version: number;
  /** Milliseconds that its clock is ahead of ours. */
  readonly ahead: number;
}

export interface AdminOptions {
  readonly config: PostgresConfig;
  readonly secret: Secret;
  /** Where not in that of the account. */
  readonly database?: string;
  /** Beyond those of every connection of the gateway's own. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Milliseconds: more than the longest that one statement waits for. */
const timeout = 10_000;

/** A connection of the gateway's own as the login that makes and removes roles; open while it is used. */
export class Admin {
  readonly #control = new Control({ timeout });
  #server: Promise<Server> | undefined;

  constructor(readonly options: AdminOptions) {}

  /** As it was when this connection was opened. */
  server(): Promise<Server> {
    this.#server ??= this.#ask().catch((error: unknown) => {
      this.#server = undefined;
      throw error;
    });
    return this.#server;
  }

  query(text: string, parameters: readonly string[]): Promise<Row[]> {
    return this.#control.query(this.#dial, text, parameters);
  }

  /** One transaction: all of it or nothing. */
  script(...statements: readonly string[]): Promise<void> {
    return this.#control.script(this.#dial, statements.join("; "));
  }

  /** As the same login in another database of the server. */
  elsewhere(database: string): Admin {
    return new Admin({ ...this.options, database });
  }

  close(): Promise<void> {
    return this.#control.close();
  }

  readonly #dial = async (): Promise<Dialed> => {
    const { config, secret, database, settings } = this.options;
    const account = accountOf(config, await secret.read());
    // It may be another server by now, or another clock.
    this.#server = undefined;
    const own = {
      application_name: "postern roles",
      search_path: "pg_catalog",
      statement_timeout: String(timeout - 1_000),
      ...settings,
    };
    const where = database === undefined ? account : { ...account, database };
    return await connectAs(where, config, new Map(Object.entries(own)));
  };

  async #ask(): Promise<Server> {
    const text =
      "select current_setting('server_version_num'), (extract(epoch from clock_timestamp()) * 1000)::bigint::text";
    const [[version, now] = []] = await this.query(text, []);
    return { version: Number(version), ahead: Number(now) - Date.now() };
  }
}
