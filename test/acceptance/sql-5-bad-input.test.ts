import { afterAll, beforeAll, describe, expect } from "bun:test";
import { needs, testWith } from "../needs.ts";
import { fields, type Message, query, RawClient } from "../raw.ts";
import { seededRandom } from "../seed.ts";
import type { PostgresVersion } from "../servers/postgres.ts";
import { badInput, cutOff, endings } from "./bad-input.ts";
import { type Door, openDoor } from "./door.ts";

const long = process.env.POSTERN_LONG !== undefined;
/** All of 18; of 15 a sample. */
const random = seededRandom("bad input, must hold 5");
const probe = "select 'still here'";

/** A caller's messages and the answers to them, direct and through the gateway. */
for (const [version, lack] of [
  [15, needs.postgres15],
  [18, needs.postgres18],
] as const satisfies readonly (readonly [PostgresVersion, string | undefined])[]) {
  describe(`must hold 5: bad input, and what PostgreSQL ${version} itself says to it`, () => {
    let door: Door;
    let owner: string;
    let reader: string;
    beforeAll(async () => {
      if (lack) return;
      door = await openDoor({ version });
      [owner, reader] = await Promise.all([door.token("olga", "admins"), door.token("sam", "support")]);
    });
    afterAll(() => door?.close());

    const direct = () =>
      RawClient.trusted(`${door.server.folder}/.s.PGSQL.${door.server.port}`, "postgres", "postgres");
    const through = (token: string) => RawClient.login(door.port, "anybody", "shop", token);

    /** All that comes back up to the answer of a last query, or up to the end of the connection. */
    async function answers(client: RawClient, bytes: readonly Buffer[]): Promise<string[]> {
      client.send(...bytes, query(probe));
      const seen: string[] = [];
      for (;;) {
        const messages = await client.until("Z");
        seen.push(...messages.map(shown));
        const over = messages.at(-1)?.type !== "Z";
        if (over || messages.some(({ body }) => body.includes("still here"))) {
          client.close();
          return over ? [...seen, "the end"] : seen;
        }
      }
    }

    for (const [family, inputs] of Object.entries(badInput)) {
      for (const [name, bytes] of Object.entries(inputs)) {
        if (!long && version === 15 && random() > 0.3) continue;
        testWith(lack)(`${family}: ${name}`, async () => {
          const expected = await answers(await direct(), bytes);
          expect(expected.at(-1)).not.toBe("the end");
          expect(await answers(await through(owner), bytes)).toEqual(expected);
          if (/function|COPY/i.test(name)) return;
          if (masksEnd.has(name)) {
            expect((await answers(await through(reader), bytes)).slice(-2)).toEqual([
              "E FATAL 08P01",
              "the end",
            ]);
            return;
          }
          // What nobody can read is unknown, and a policy that allows no unknown refuses it before the server does.
          const seen = await answers(await through(reader), bytes);
          expect(
            seen.map((each, at) =>
              each === refused && failed.test(expected[at] ?? "") ? expected[at] : each,
            ),
          ).toEqual(expected);
        });
      }
    }

    for (const [name, { bytes, gateway }] of Object.entries(endings)) {
      testWith(lack)(`endings: ${name}`, async () => {
        const expected = await answers(await direct(), bytes);
        expect(expected.at(-1)).toBe("the end");
        expect(await answers(await through(owner), bytes)).toEqual(
          gateway ? [...gateway, "the end"] : expected,
        );
      });
    }

    testWith(lack)("cut off: every connection ends, on both sides", async () => {
      for (const bytes of Object.values(cutOff)) {
        for (const token of [owner, reader]) {
          const client = await through(token);
          client.send(...bytes);
          client.finish();
          await client.until("the end");
        }
      }
      await door.sessionsClosed();
      await door.serverIdle();
      expect(await door.server.sql("select * from orders")).toEqual([]);
    });
  });
}

/** A mask has to know how each column's values are written: the session ends, where the server fails the statement. */
const masksEnd = new Set(["a result's format that there is none of"]);
const refused = "E ERROR 42501";
const failed = /^E ERROR /;

/** Type, and what of it a client acts on; of errors not their words, as those of the gateway are its own. */
function shown(one: Message): string {
  if (one.type !== "E" && one.type !== "N") return `${one.type} ${one.body.toString("latin1")}`;
  const { S, C } = fields(one);
  return `${one.type} ${S} ${C}`;
}
