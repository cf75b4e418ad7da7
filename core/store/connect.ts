import { createClient } from "@libsql/client/http";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/libsql";
import { PosternError } from "../error.ts";
import { causeOf } from "./failure.ts";
import { type Database, migrateStore, type Opened } from "./open.ts";
import * as schema from "./shared-schema.ts";

/** A caller waits at its login meanwhile. */
const patienceMs = 3_000;
/** How often a server that did not answer is tried again, when nobody else does. */
const retryMs = 1_000;
/** How often to begin again, when another gateway migrates the same server. */
const migrations = 5;

export interface StoreServer {
  /** `libsql://`, `https://` or `http://`. */
  readonly url: string;
  /** The token to show; asked for again when the server refuses it. */
  token(): Promise<string | undefined>;
  /** Why the server cannot be used, each time it fails; undefined: it answers. */
  reached(why: string | undefined): void;
}

/**
 * The store on a libSQL server (Hrana over HTTP: each call is one request, so that there is no connection to
 * lose). Throws PosternError `store.unreachable`, `store.refused`.
 */
export async function connectStore(server: StoreServer): Promise<Opened<Database>> {
  const line = new Line(server);
  const client = createClient({ url: server.url, fetch: (request: Request) => line.fetch(request) });
  const database = drizzle(client, { schema });
  await migrateTogether(database);
  line.keep(() => database.run(sql`select 1`));
  return {
    database,
    close() {
      line.close();
      client.close();
    },
  };
}

/** Two that start at once both find the tables missing; a migration is one transaction, so the later one fails whole. */
async function migrateTogether(database: Database): Promise<void> {
  for (let left = migrations; ; left--) {
    try {
      return await migrateStore(database);
    } catch (error) {
      if (left === 1 || causeOf(error)) throw error;
      await Bun.sleep(100 * Math.random() + 50);
    }
  }
}

class Line {
  #token: string | undefined;
  #ask: (() => Promise<unknown>) | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(readonly server: StoreServer) {}

  /** From now on a server that fails is tried until it answers. */
  keep(ask: () => Promise<unknown>): void {
    this.#ask = ask;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async fetch(request: Request): Promise<Response> {
    this.#token ??= await this.server.token();
    if (this.#token !== undefined) request.headers.set("authorization", `Bearer ${this.#token}`);
    let response: Response;
    try {
      // A redirect would carry the token elsewhere.
      const limits = { signal: AbortSignal.timeout(patienceMs), redirect: "error" } as const;
      const answer = await fetch(request, limits);
      response = new Response(await answer.arrayBuffer(), answer);
    } catch (error) {
      const why = error instanceof Error && error.name === "TimeoutError" ? "late" : "closed";
      throw this.#failed(unreachable(failures[why]));
    }
    if (response.status === 401 || response.status === 403) {
      this.#token = undefined;
      throw this.#failed(refused(response.status));
    }
    if (!response.ok) throw this.#failed(unreachable(`it answers ${response.status}`));
    this.#answers();
    return response;
  }

  #answers(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.server.reached(undefined);
  }

  #failed(error: PosternError): PosternError {
    this.server.reached(error.message);
    clearTimeout(this.#timer);
    if (this.#ask && !this.#closed)
      this.#timer = setTimeout(() => void this.#ask?.().catch(() => {}), retryMs);
    return error;
  }
}

const failures = { late: `no answer within ${patienceMs / 1000} s`, closed: "no connection" };

function unreachable(why: string): PosternError {
  return new PosternError("store.unreachable", `The store server cannot be reached: ${why}.`, {
    hint: "Look at the libSQL server that `store` of the policy names; the gateway goes on trying.",
  });
}

function refused(status: number): PosternError {
  return new PosternError("store.refused", `The store server refuses the gateway's token (${status}).`, {
    hint: "Check `store.token` of the policy; it is read anew at the next try.",
  });
}
