import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import type { Limits } from "../../core/policy.ts";
import { needs, testWith } from "../needs.ts";
import {
  execute,
  fields,
  int16,
  int32,
  type Message,
  message,
  query,
  RawClient,
  startup,
  sync,
  text,
} from "../raw.ts";
import { type Door, openDoor } from "./door.ts";

/** Each bound of a session (docs/policy.md, `limits`) as a caller meets it, on two workers, and its metric. */
describe("bounds", () => {
  let door: Door;
  let bench: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({
      version: 18,
      workers: 2,
      limits: {
        ...{ authenticate: "2s", idle: "3s", sessions: 6, sessionsPerIdentity: 4 },
        ...{ header: "2KB", frame: "64KB", owed: 16, statements: 4, buffer: "64KB" },
      },
    });
    bench = await door.token("ben", "bench");
  });
  afterAll(() => door?.close());

  const login = (user = "ben", token = bench) => RawClient.login(door.port, user, "shop", token);

  async function counted(limit: keyof Limits): Promise<number> {
    const answer = await fetch("http://postern/metrics", { unix: join(door.data, "control.sock") });
    const line = new RegExp(`^postern_limits_reached_total\\{limit="${limit}"\\} (\\d+)$`, "m");
    return Number(line.exec(await answer.text())?.[1] ?? 0);
  }

  /** A test of one limit, whose metric must have grown by so much, or at all. */
  function bound(limit: keyof Limits, what: string, body: () => Promise<void>, by?: number): void {
    testWith(needs.postgres18)(`${limit}: ${what}`, async () => {
      const before = await counted(limit);
      await body();
      const grown = (await counted(limit)) - before;
      expect(grown).toBeGreaterThan(0);
      if (by !== undefined) expect(grown).toBe(by);
      await door.sessionsClosed();
    });
  }

  bound(
    "authenticate",
    "who does not say who they are in time is let go, also byte by byte",
    async () => {
      const hello = startup({ user: "ben", database: "shop" });
      const tooSlow = async (bytes: Buffer) => {
        const client = await RawClient.connect(door.port);
        client.send(bytes);
        const drip = setInterval(() => bytes.length > 0 && client.send(Buffer.from("x")), 100);
        expect(errorOf(await client.until("never"))).toMatchObject({ S: "FATAL" });
        clearInterval(drip);
      };
      const password = Buffer.concat([hello, Buffer.from("p"), int32(1000)]);
      await Promise.all([Buffer.alloc(0), hello.subarray(0, 9), password].map(tooSlow));
    },
    3,
  );

  bound(
    "header",
    "a start-up packet beyond it is not read",
    async () => {
      const client = await RawClient.connect(door.port);
      client.send(startup({ user: "ben", database: "shop", application_name: "x".repeat(3000) }));
      expect(errorOf(await client.until("never"))).toMatchObject({ S: "FATAL", C: "54000" });
    },
    1,
  );

  bound(
    "frame",
    "a message that must be read whole ends the session",
    async () => {
      const client = await login();
      client.send(query(`select '${"x".repeat(70_000)}'`));
      expect(errorOf(await client.until("never"))).toMatchObject({ S: "FATAL", C: "54000" });
    },
    1,
  );

  bound(
    "statements",
    "one name too many is refused, and the session goes on",
    async () => {
      const client = await login();
      for (let at = 0; at < 6; at += 1) {
        client.send(message("P", text(`s${at}`), text("select 1"), int16(0)), sync);
        const error = errorOf(await client.until("Z"));
        if (at < 4) expect(error).toBeUndefined();
        else expect(error).toMatchObject({ S: "ERROR", C: "54000" });
      }
      client.send(query("deallocate all"));
      await client.until("Z");
      client.send(message("P", text("s9"), text("select 1"), int16(0)), sync);
      expect(errorOf(await client.until("Z"))).toBeUndefined();
      client.close();
    },
    2,
  );

  bound("owed", "who sends without waiting waits, and misses nothing", async () => {
    const client = await login();
    client.send(...Array.from({ length: 200 }, () => execute("select 1")), sync);
    const answer = await client.until("Z");
    expect(answer.filter(({ type }) => type === "C")).toHaveLength(200);
    client.close();
  });

  bound("buffer", "a slow reader makes the server wait", async () => {
    const client = await login();
    client.pause();
    client.send(query("select repeat('x', 1000) from generate_series(1, 50000)"));
    await door.until("the server waits", async () => {
      const rows = await door.server.sql("select 1 from pg_stat_activity where wait_event = 'ClientWrite'");
      return rows.length === 1;
    });
    client.resume();
    expect((await client.until("Z")).filter(({ type }) => type === "D")).toHaveLength(50_000);
    client.close();
  });

  bound(
    "buffer",
    "behind a hold only so much is kept, and the hold ends with its session",
    async () => {
      const client = await login("sam", await door.token("sam", "support"));
      client.send(query("update customers set city = 'flooded' where id = 1"));
      await client.until("N");
      client.send(query(`select '${"x".repeat(100_000)}'`));
      expect(errorOf(await client.until("never"))).toMatchObject({ S: "FATAL", C: "54000" });
      expect(await door.json<unknown[]>("approvals", "list")).toEqual([]);
      expect(await door.serverSaw("flooded")).toBe(false);
    },
    1,
  );

  bound(
    "sessionsPerIdentity",
    "counts over both workers, and gives back what is closed",
    async () => {
      const clients = [await login(), await login(), await login(), await login()];
      for (let more = 0; more < 6; more += 1)
        expect(await refusal("ben", bench)).toMatchObject({ C: "53300" });
      clients.pop()?.close();
      await door.until(
        "its place is free",
        async () => (await door.json<unknown[]>("sessions", "list")).length === 3,
      );
      clients.push(await login());
      expect(await refusal("ben", bench)).toMatchObject({ C: "53300" });
      for (const client of clients) client.close();
    },
    7,
  );

  bound(
    "sessions",
    "counts everybody",
    async () => {
      const tokens = await Promise.all(["ann", "bea", "cat"].map((name) => door.token(name, "bench")));
      const clients = await Promise.all(tokens.flatMap((token) => [login("x", token), login("x", token)]));
      for (const token of tokens) expect(await refusal("x", token)).toMatchObject({ C: "53300" });
      for (const client of clients) client.close();
    },
    3,
  );

  bound(
    "idle",
    "a session that does nothing ends, and one that waits for its answer does not",
    async () => {
      const idle = await login();
      const busy = await login();
      busy.send(query("select pg_sleep(4)"));
      expect(errorOf(await idle.until("never"))).toMatchObject({ S: "FATAL", C: "57P05" });
      expect(errorOf(await busy.until("Z"))).toBeUndefined();
      busy.close();
    },
    1,
  );

  async function refusal(user: string, token: string): Promise<Record<string, string> | undefined> {
    const client = await RawClient.connect(door.port);
    client.send(startup({ user, database: "shop" }));
    await client.until("R");
    client.send(message("p", text(token)));
    return errorOf(await client.until("never"));
  }
});

function errorOf(messages: readonly Message[]): Record<string, string> | undefined {
  const error = messages.find(({ type }) => type === "E");
  return error && fields(error);
}
