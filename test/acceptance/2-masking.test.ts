import { afterAll, beforeAll, describe, expect } from "bun:test";
import pg from "pg";
import postgres from "postgres";
import { Canaries } from "../canary.ts";
import { needs, testWith } from "../needs.ts";
import type { PostgresVersion } from "../servers/postgres.ts";
import { openWiretap, type Wiretap } from "../wiretap.ts";
import { type Door, openDoor } from "./door.ts";
import { people, secretValues } from "./people.ts";

const statement = "select id, email, card from customers order by id";

/** Who asks, and what came back: one array of texts a row. */
type Ask = (port: number, token: string) => Promise<string[][]>;

const clients: Record<string, { lacks?: string | undefined; ask: Ask }> = {
  psql: { lacks: needs.psql, ask: viaPsql },
  "node-postgres, text": { ask: (port, token) => viaNodePostgres(port, token, false) },
  "node-postgres, binary": { ask: (port, token) => viaNodePostgres(port, token, true) },
  "postgres.js": { ask: viaPostgresJs },
};

const servers: [PostgresVersion, string | undefined][] = [
  [15, needs.postgres15],
  [18, needs.postgres18],
];

for (const [version, lacksServer] of servers) {
  describe(`must hold 2: masked, and nowhere clear, PostgreSQL ${version}`, () => {
    let door: Door;
    let wire: Wiretap;
    let token: string;
    beforeAll(async () => {
      if (lacksServer) return;
      door = await openDoor({ version });
      wire = await openWiretap(door.port);
      token = await door.token("sam", "support");
    });
    afterAll(async () => {
      await wire?.close();
      await door?.close();
    });

    for (const [client, { lacks, ask }] of Object.entries(clients)) {
      testWith(lacksServer, lacks)(`${client} gets every row with masked values`, async () => {
        const rows = await ask(wire.port, token);
        expect(rows.map(([id]) => id)).toEqual(people.map(({ id }) => String(id)));
        rows.forEach(([, email, card], index) => {
          expect(email).toBeString();
          expect(card).toBeString();
          expect(email).not.toBe(people[index]?.email);
          expect(card).not.toBe(people[index]?.card);
        });
      });
    }

    testWith(lacksServer)("the clear values are in no byte received, no file and no log", async () => {
      await door.sessionsClosed();
      const canaries = new Canaries(...secretValues);
      expect(wire.received().length).toBeGreaterThan(1000);
      expect(canaries.inBytes("received", wire.received())).toEqual([]);
      expect(canaries.inFiles(door.data)).toEqual([]);
      expect(canaries.inBytes("gateway's log", Buffer.from(door.logged()))).toEqual([]);
    });
  });
}

async function viaPsql(port: number, token: string): Promise<string[][]> {
  const child = Bun.spawn(
    [
      "psql",
      "-XAt",
      "-F",
      ",",
      "-h",
      "127.0.0.1",
      "-p",
      `${port}`,
      "-U",
      "sam",
      "-d",
      "shop",
      "-c",
      statement,
    ],
    { env: { ...process.env, PGPASSWORD: token }, stdout: "pipe", stderr: "pipe" },
  );
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(err).toBe("");
  return out
    .trim()
    .split("\n")
    .map((line) => line.split(","));
}

async function viaNodePostgres(port: number, token: string, binary: boolean): Promise<string[][]> {
  const login = { host: "127.0.0.1", port, user: "sam", password: token, database: "shop", binary };
  const client = new pg.Client(login);
  await client.connect();
  try {
    // A value makes node-postgres use the extended protocol, where a format can be asked for.
    const { rows } = await client.query<Record<"id" | "email" | "card", unknown>>(
      statement.replace("order by", "where id > $1 order by"),
      [0],
    );
    return rows.map(({ id, email, card }) => [id, email, card].map(String));
  } finally {
    await client.end();
  }
}

async function viaPostgresJs(port: number, token: string): Promise<string[][]> {
  const sql = postgres({ host: "127.0.0.1", port, user: "sam", password: token, database: "shop", max: 1 });
  try {
    const rows = await sql.unsafe(statement).values();
    return rows.map((row) => row.map(String));
  } finally {
    await sql.end();
  }
}
