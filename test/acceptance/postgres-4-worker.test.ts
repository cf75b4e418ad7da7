import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import type { Status } from "../../core/control/api.ts";
import { measured, needs, testWith } from "../needs.ts";
import { query, RawClient } from "../raw.ts";
import { entriesIn } from "../trail.ts";
import { type Door, openDoor } from "./door.ts";

const sessions = 100;
const real = 20;

describe("must hold 4: a worker dies among 100 sessions", () => {
  let door: Door;
  let token: string;
  beforeAll(async () => {
    if (needs.postgres18 || needs.psql) return;
    // The gateway has connections of its own beside those of its sessions.
    door = await openDoor({ version: 18, workers: 2, settings: { max_connections: "150" } });
    token = await door.token("ben", "bench");
  });
  afterAll(() => door?.close());

  const raw = (application: string) =>
    RawClient.login(door.port, "ben", "shop", token, undefined, application);

  const pids = async () => {
    const answer = await fetch("http://postern/v1/status", { unix: join(door.data, "control.sock") });
    const { workers } = (await answer.json()) as Status;
    return workers.map(({ pid }) => pid);
  };

  const line = (msg: string, from: number) => {
    const found = door
      .logged()
      .slice(from)
      .split("\n")
      .find((one) => one.includes(`"msg":"${msg}"`));
    return found === undefined ? undefined : (JSON.parse(found) as { time: number; why?: string });
  };

  /** Ends one worker so, and looks at everybody. */
  async function among(end: (pid: number) => void, why: string): Promise<void> {
    const clients = await Promise.all(Array.from({ length: sessions - real }, (_, at) => raw(`raw-${at}`)));
    const psqls = await Promise.all(
      Array.from({ length: real }, (_, at) => Psql.open(door.port, token, `psql-${at}`)),
    );
    // Some are in the middle of something.
    for (const [at, client] of clients.entries()) {
      if (at % 4 === 0) {
        client.send(query("begin; select 1"));
        await client.until("Z");
      }
    }
    const before = await Promise.all([...clients.map(backendOf), ...psqls.map((psql) => psql.backend())]);
    const [victim = 0] = await pids();
    const owner = ownerOf(door);
    const opened = await door.json<{ id: string; application?: string }[]>("sessions", "list");
    expect(opened).toHaveLength(sessions);
    const doomed = opened.filter(({ id }) => owner.get(id)?.endsWith("-worker-0")).map(({ id }) => id);
    const idOf = (name: string) => opened.find(({ application }) => application === name)?.id ?? "";
    const lost = clients.filter((_, at) => doomed.includes(idOf(`raw-${at}`)));
    expect(lost.length).toBeGreaterThan(10);
    expect(lost.length).toBeLessThan(clients.length - 10);
    const from = door.logged().length;
    const abandonedBefore = door.entries("abandoned").length;

    const at = Date.now();
    end(victim);
    await door.until("the new worker serves", async () => line("the new worker serves", from) !== undefined);
    const ended = line("a worker ended and is replaced", from);
    const serves = line("the new worker serves", from)?.time ?? 0;
    expect(ended?.why).toBe(why);
    measured(
      `a worker that is gone (${why}) is noticed after ${(ended?.time ?? 0) - at} ms, its successor serves ${serves - (ended?.time ?? 0)} ms later`,
    );
    // A second is what it may take (a third of it on an idle machine); a loaded test machine gets more.
    if (why !== "blocked") expect(serves - at).toBeLessThan(3000);

    for (const client of lost) expect(await client.until("never")).toEqual([]);
    const after = await Promise.all([
      ...clients.map((client) => (lost.includes(client) ? undefined : backendOf(client))),
      ...psqls.map((psql, index) => {
        return doomed.includes(idOf(`psql-${index}`)) ? psql.lost() : psql.backend();
      }),
    ]);
    // Who was on the other worker has the same backend as before: nothing was opened anew for them.
    for (const [index, backend] of after.entries())
      if (backend !== undefined) expect(backend).toBe(before[index] as string);
    expect(after.filter((backend) => backend === undefined)).toHaveLength(doomed.length);

    const abandoned = door
      .entries("abandoned")
      .slice(abandonedBefore)
      .filter(({ what }) => what === "session");
    expect(abandoned.map(({ session }) => session).sort()).toEqual([...doomed].sort());
    expect(await door.json<unknown[]>("sessions", "list")).toHaveLength(sessions - doomed.length);
    await door.until("the server has let go of the dead ones", async () => {
      const [[count] = []] = await door.server.sql(
        "select count(*) from pg_stat_activity where application_name like '%postern:ses_%'",
      );
      return Number(count) === sessions - doomed.length;
    });
    const known = new Set(ownerOf(door).keys());
    const fresh = await Promise.all(Array.from({ length: 16 }, () => raw("fresh")));
    const streams = [...ownerOf(door)].flatMap(([id, stream]) => (known.has(id) ? [] : [stream]));
    expect(new Set(streams.map((stream) => stream.slice(stream.lastIndexOf("-worker-"))))).toEqual(
      new Set(["-worker-0", "-worker-1"]),
    );
    for (const client of [...clients, ...fresh]) client.close();
    await Promise.all(psqls.map((psql) => psql.close()));
    await door.sessionsClosed();
    expect(await door.postern("audit", "verify")).toMatchObject({ code: 0 });
  }

  testWith(needs.postgres18, needs.psql, needs.proc)(
    "killed: only its own sessions go with it",
    async () => {
      await among((pid) => process.kill(pid, "SIGKILL"), "signal SIGKILL");
    },
    120_000,
  );

  testWith(needs.postgres18, needs.psql, needs.proc)(
    "blocked: it is killed, and only its own sessions go with it",
    async () => {
      await among((pid) => process.kill(pid, "SIGSTOP"), "blocked");
    },
    120_000,
  );
});

async function backendOf(client: RawClient): Promise<string> {
  client.send(query("select pg_backend_pid()"));
  return String((await client.until("Z")).find(({ type }) => type === "D")?.body.subarray(6));
}

/** The stream, and so the worker, of each session. */
function ownerOf(door: Door): Map<string, string> {
  return new Map(
    entriesIn(door.data).flatMap((entry) => (entry.kind === "open" ? [[entry.session, entry.stream]] : [])),
  );
}

/** The real psql, with its input open. */
class Psql {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #output: AsyncIterator<string>;

  constructor(port: number, password: string, name: string) {
    this.#child = Bun.spawn(
      ["psql", "-XAtq", "-h", "127.0.0.1", "-p", `${port}`, "-U", "ben", "-d", "shop"],
      {
        env: { ...process.env, PGPASSWORD: password, PGAPPNAME: name },
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    this.#output = lines(this.#child.stdout);
  }

  static async open(port: number, password: string, name: string): Promise<Psql> {
    const psql = new Psql(port, password, name);
    await psql.backend();
    return psql;
  }

  async backend(): Promise<string> {
    this.#child.stdin.write("select pg_backend_pid();\n");
    await this.#child.stdin.flush();
    return String((await this.#output.next()).value);
  }

  /** It finds its connection closed, says so and ends. */
  async lost(): Promise<undefined> {
    this.#child.stdin.write("select 1;\n");
    await this.close();
    expect(await new Response(this.#child.stderr).text()).toContain(
      "server closed the connection unexpectedly",
    );
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    await this.#child.exited;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
