import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import { measured, needs, testWith } from "../needs.ts";
import { query, RawClient } from "../raw.ts";
import { AnswerDigest } from "./answer-digest.ts";
import { type Door, openDoor } from "./door.ts";

const megabytes = process.env.POSTERN_LONG ? 1024 : 512;
/** What the gateway may grow by: buffers of a few MB, and what its garbage collectors leave until they run. */
const allowed = 400_000_000;
const rows = `from generate_series(1, ${megabytes * 1000}) n`;
const filler = "repeat(md5(n::text), 32)";

interface Case {
  readonly who: "bench" | "support";
  readonly sql: string;
  /** What the same answer is without the gateway; absent: the same text. */
  readonly direct?: string;
}

const cases: Readonly<Record<string, Case>> = {
  "rows that go through": { who: "bench", sql: `select n, ${filler} ${rows}` },
  "rows under a mask": {
    who: "support",
    sql: `select id, email, note from bulk, generate_series(1, ${megabytes})`,
    direct: `select id, '****', note from bulk, generate_series(1, ${megabytes})`,
  },
  "one row of 60 MB": { who: "bench", sql: "select repeat('0123456789', 6000000)" },
  "COPY TO": { who: "bench", sql: `copy (select n, ${filler} ${rows}) to stdout` },
};

describe(`must hold 6: ${megabytes} MB through a slow reader`, () => {
  let door: Door;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18 });
    await door.server.sql(`
      create table bulk (id int, email text, note text);
      insert into bulk select n, n || '@example.com', ${filler} from generate_series(1, 1000) n`);
  });
  afterAll(() => door?.close());

  for (const [name, { who, sql, direct = sql }] of Object.entries(cases)) {
    testWith(needs.postgres18, needs.proc)(
      `${name}: bounded memory, equal bytes`,
      async () => {
        const user = who === "bench" ? "ben" : "sam";
        const client = await RawClient.login(door.port, user, "shop", await door.token(user, who));
        const before = door.memory();
        let most = 0;
        const look = () => {
          most = Math.max(most, door.memory() - before);
        };
        // Nobody reads until the server itself has to wait: every buffer in between is full.
        client.pause();
        client.send(query(sql));
        await door.until("the server waits for its reader", async () => {
          const waiting = await door.server.sql(
            "select pid from pg_stat_activity where wait_event = 'ClientWrite'",
          );
          return waiting.length === 1;
        });
        look();
        const through = new AnswerDigest(client, 2_000_000, look);
        client.resume();
        const value = await through.value;
        measured(
          `${name}: ${Math.round(through.bytes / 1e6)} MB read slowly, at most ${Math.round(most / 1e6)} MB more memory`,
        );
        const socket = join(door.server.folder, `.s.PGSQL.${door.server.port}`);
        const other = await RawClient.trusted(socket, "postgres", "postgres");
        other.send(query(direct));
        expect(value).toBe(await new AnswerDigest(other, 1e9).value);
        expect(through.bytes).toBeGreaterThan(60_000_000);
        expect(most).toBeLessThan(allowed);
        client.close();
        other.close();
      },
      600_000,
    );
  }
});
