import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import { needs, testWith } from "../../test/needs.ts";
import { type LibsqlServer, startLibsql } from "../../test/servers/libsql.ts";
import type { PosternError } from "../error.ts";
import { connectStore, type StoreServer } from "./connect.ts";
import { addCredential, findCredential, useCredential } from "./credentials.ts";
import { storeFailure } from "./failure.ts";
import journal from "./migrations/shared/meta/_journal.json" with { type: "json" };
import type { Database, Opened } from "./open.ts";

const bytes = Buffer.from([0, 1, 254, 255]);
const verifier = { iterations: 4096, salt: bytes, storedKey: bytes, serverKey: bytes };
const identity = { issuer: "local", subject: "ada", kind: "person", groups: ["support"] } as const;
const later = Date.now() + 3_600_000;

describe("the store on a libSQL server", () => {
  let server: LibsqlServer;
  const opened: Opened<Database>[] = [];
  const state: (string | undefined)[] = [];
  beforeAll(async () => {
    if (!needs.libsql) server = await startLibsql();
  });
  afterEach(() => {
    for (const { close } of opened.splice(0)) close();
    state.length = 0;
  });
  afterAll(() => server?.close());

  async function connect(more: Partial<StoreServer> = {}): Promise<Database> {
    const one = await connectStore({
      url: server.url,
      token: async () => server.token,
      reached: (why) => state.push(why),
      ...more,
    });
    opened.push(one);
    return one.database;
  }

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await Bun.sleep(5);
  }

  testWith(needs.libsql)("many gateways that start at once make its tables once", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => connect()));
    const [made] = await server.sql(
      "select count(*) as n, count(distinct hash) as different from __drizzle_migrations",
    );
    expect(made).toMatchObject({ n: journal.entries.length, different: journal.entries.length });
    for (const database of all) expect(await findCredential(database, "pc_none", 0)).toBeUndefined();
  });

  testWith(needs.libsql)("what one keeps another finds, byte for byte", async () => {
    const [one, other] = [await connect(), await connect()];
    await addCredential(one, { id: "pc_shared", identity, verifier, expires: later, from: "::1/128" }, 1);
    const found = await findCredential(other, "pc_shared", 2);
    expect(found).toMatchObject({ id: "pc_shared", identity, expires: later, from: "::1/128" });
    expect(Buffer.from(found?.verifier.storedKey ?? [])).toEqual(bytes);
  });

  testWith(needs.libsql)("of all who use one that is good once, on both, one wins", async () => {
    const both = [await connect(), await connect()];
    for (let round = 0; round < 5; round++) {
      const id = `pc_once${round}`;
      await addCredential(both[0]!, { id, identity, verifier, expires: later, once: true }, 1);
      const tries = Array.from({ length: 10 }, (_, at) => useCredential(both[at % 2]!, id, 2));
      expect((await Promise.all(tries)).filter((refused) => refused === undefined)).toHaveLength(1);
    }
  });

  testWith(needs.libsql)("a wrong token is refused, told of without it, and read anew", async () => {
    const wrong = `${server.token.slice(0, -8)}AAAAAAAA`;
    const refused = await connect({ token: async () => wrong }).catch(storeFailure);
    expect(refused).toMatchObject({ code: "store.refused" });
    expect(JSON.stringify([(refused as PosternError).reason, state])).not.toContain(wrong.slice(-40));

    let good = "first";
    let shown = "first";
    const asked: string[] = [];
    const front = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { pathname } = new URL(request.url);
        asked.push(request.headers.get("authorization") ?? "");
        if (asked.at(-1) !== `Bearer ${good}`) return new Response("no", { status: 401 });
        const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" };
        const body = await request.text();
        const answer = await fetch(server.url + pathname, { method: request.method, headers, body });
        return new Response(await answer.text(), { headers: { "content-type": "application/json" } });
      },
    });
    try {
      const database = await connect({ url: front.url.href, token: async () => shown });
      [good, shown] = ["second", "second"];
      const stale = await findCredential(database, "pc_none", 0).catch(storeFailure);
      expect(stale).toMatchObject({ code: "store.refused" });
      expect(await findCredential(database, "pc_none", 0)).toBeUndefined();
      expect(asked.slice(-2)).toEqual(["Bearer first", "Bearer second"]);
    } finally {
      await front.stop(true);
    }
  });

  testWith(needs.libsql)(
    "a server that is gone fails its calls, and is found again without a call",
    async () => {
      const database = await connect();
      await server.kill();
      const failed = await findCredential(database, "pc_none", 0).catch(storeFailure);
      expect(failed).toMatchObject({ code: "store.unreachable" });
      expect(state.at(-1)).toContain("no connection");
      const down = await connect().catch(storeFailure);
      expect(down).toMatchObject({ code: "store.unreachable" });
      await server.start();
      await until(() => state.at(-1) === undefined);
      expect(await findCredential(database, "pc_none", 0)).toBeUndefined();
    },
  );

  testWith(needs.libsql)("a server that answers nothing fails its calls in time", async () => {
    const database = await connect();
    server.pause();
    try {
      const failed = await findCredential(database, "pc_none", 0).catch(storeFailure);
      expect(failed).toMatchObject({ code: "store.unreachable" });
      expect(state.at(-1)).toContain("no answer within 3 s");
    } finally {
      server.resume();
    }
    await until(() => state.at(-1) === undefined);
  });
});
