import { afterAll, beforeAll, describe, expect } from "bun:test";
import { needs, testWith } from "../needs.ts";
import { fields, int16, int32, type Message, message, query, RawClient, sync, text } from "../raw.ts";
import type { PostgresVersion } from "../servers/postgres.ts";
import { clear, type Form, forms, ways } from "./masked-forms.ts";
import { canaries, guesses, type MaskingDoor, openMaskingDoor } from "./masking-door.ts";

const servers: [PostgresVersion, string | undefined][] = [
  [15, needs.postgres15],
  [18, needs.postgres18],
];

for (const [version, lacks] of servers) {
  describe(`must hold 2: no clear masked value leaves, PostgreSQL ${version}`, () => {
    let door: MaskingDoor;
    const tokens = new Map<string, string>();
    beforeAll(async () => {
      if (lacks) return;
      door = await openMaskingDoor(version);
      for (const group of ["masked", "partly", "hashed", "unasking"]) {
        tokens.set(group, await door.token(group));
      }
    });
    afterAll(async () => {
      await door?.close();
    });

    const login = (group: string) =>
      RawClient.login(door.wire.port, "sam", "shop", tokens.get(group) as string);

    /** All that came for one statement, in a transaction that is rolled back. */
    const asked = async (client: RawClient, bytes: Buffer, readies = 1) => {
      client.send(query("begin"));
      await client.until("Z");
      client.send(bytes);
      const answer: Message[] = [];
      for (let ready = 0; ready < readies; ready++) answer.push(...(await client.until("Z")));
      client.send(query("rollback"));
      answer.push(...(await client.until("Z")));
      expect(answer.at(-1)?.type, "the session goes on").toBe("Z");
      return answer;
    };

    testWith(lacks)("rows that were copied out are not copied back", async () => {
      for (const group of ["masked", "partly", "hashed"]) {
        const client = await login(group);
        client.send(query("copy (select city, email from customers) to stdout"));
        const rows = (await client.until("Z")).filter(({ type }) => type === "d");
        expect(rows.length).toBeGreaterThan(0);
        client.send(query("copy persons from stdin"));
        await client.until("G");
        client.send(...rows.map(({ body }) => message("d", body)), message("c"));
        const refused = (await client.until("Z")).find(({ type }) => type === "E");
        expect(refused && fields(refused).D).toContain("mask.written-back");
        client.close();
      }
      expect(await door.server.sql("select city from only persons")).toEqual([]);
    });

    for (const group of ["masked", "partly", "hashed"]) {
      for (const [way, messages] of Object.entries(ways)) {
        // What a mask puts in a value's place is the same whichever way the value came.
        if (group !== "masked" && way !== "simple query" && !process.env.POSTERN_LONG) continue;
        testWith(lacks)(`${group}: ${way}`, async () => {
          const client = await login(group);
          const leaks: string[] = [];
          let arrived = 0;
          for (const form of forms) {
            if ((form.since ?? 0) > version || !fits(form, way)) continue;
            const bytes = messages(form.text);
            const answer = await asked(client, bytes, readies(bytes));
            leaks.push(...leaksOf(form, answer, group === "masked"));
            if (form.clear === undefined) continue;
            arrived += 1;
            if (!holds(answer, form.clear) && !way.startsWith("EXEC") && !way.startsWith("a cursor")) {
              leaks.push(`${form.text}: "${form.clear}" did not arrive: ${shown(answer)}`);
            }
          }
          client.close();
          expect(leaks).toEqual([]);
          expect(arrived).toBeGreaterThan(10);
        });
      }
    }

    testWith(lacks)("these statements would show them", async () => {
      const direct = await RawClient.trusted(
        `${door.server.folder}/.s.PGSQL.${door.server.port}`,
        "postgres",
        "postgres",
      );
      let showing = 0;
      for (const { text: sql, since = 0 } of forms) {
        if (since > version) continue;
        const answer = await asked(direct, query(sql));
        if (canaries.inBytes("", Buffer.concat(answer.map(({ body }) => body))).length > 0) showing += 1;
      }
      direct.close();
      expect(showing).toBeGreaterThan(forms.length * 0.75);
    });

    testWith(lacks)("what nobody masks arrives", async () => {
      const client = await login("masked");
      const missing: string[] = [];
      for (const [sql, held] of clear) {
        const answer = await asked(client, query(sql));
        if (!holds(answer, held)) missing.push(`${sql}: ${shown(answer)}`);
      }
      client.close();
      expect(missing).toEqual([]);
    });

    testWith(lacks)("in no file of the gateway's", async () => {
      expect(canaries.inFiles(door.folder)).toEqual([]);
    });

    testWith(lacks)("a list of guesses in the statement tells nothing", async () => {
      const client = await login("masked");
      const leaks: string[] = [];
      const names = guesses.filter((word) => /^[a-z]/.test(word));
      const lists = [
        `/* ${guesses.join(" ")} */`,
        `, '${guesses.join(" ")}'`,
        `, $x$${guesses.join(" ")}$x$`,
        names.map((word) => `, 1 as ${word}`).join(""),
        `, array[${names.map((word) => `"${word}"`).join()}]`,
      ];
      for (const list of lists) {
        for (const type of ["regclass", "regproc", "regnamespace", "regrole", "regtype", "regconfig"]) {
          const from = list.includes('"')
            ? `customers, (select 1) q, (values (${names.map(() => "1").join()})) v(${names.join()})`
            : "customers";
          const sql = `select split_part(email, '.', 1)::${type} ${list} from ${from}`;
          client.send(query(sql));
          const answer = await client.until("Z");
          // What its own text holds may come back as the name of a column.
          for (const each of answer.filter(({ type }) => type === "E" || type === "N")) {
            leaks.push(...canaries.inBytes(sql.slice(0, 60), each.body));
          }
          expect(answer.some((each) => each.type === "E")).toBeTrue();
        }
      }
      client.close();
      expect(leaks).toEqual([]);
    });

    testWith(lacks)("what was shown in a value's place is not stored, however it is written", async () => {
      const client = await login("hashed");
      const shown = await asked(client, query("select email from customers where id = 1"));
      const pseudonym =
        cellsOf(shown.find(({ type }) => type === "D")?.body ?? Buffer.alloc(2))[0]?.toString() ?? "";
      expect(pseudonym).toMatch(/^[0-9a-f]{16}$/);
      const written = [
        `update customers set city = '${pseudonym}'`,
        `update customers set city = E'\\x${pseudonym.charCodeAt(0).toString(16)}${pseudonym.slice(1)}'`,
        `update customers set city = U&'\\${pseudonym.charCodeAt(0).toString(16).padStart(4, "0")}${pseudonym.slice(1)}'`,
        `update customers set city = $x$${pseudonym}$x$`,
        `update customers set profile = '{"mail": "${pseudonym}"}'`,
        `update customers set tags = '{${pseudonym}}'`,
      ].map(query);
      const parameter = (sql: string, value: Buffer, format: number) =>
        Buffer.concat([
          message("P", text(""), text(sql), int16(0)),
          message(
            "B",
            text(""),
            text(""),
            int16(1),
            int16(format),
            int16(1),
            int32(value.length),
            value,
            int16(0),
          ),
          message("E", text(""), int32(0)),
          sync,
        ]);
      const document = Buffer.from(`{"mail": "${pseudonym}"}`);
      written.push(
        parameter("update customers set city = $1", Buffer.from(pseudonym), 0),
        parameter("update customers set city = $1", Buffer.from(pseudonym), 1),
        parameter("update customers set profile = $1", document, 0),
        parameter("update customers set profile = $1", Buffer.concat([Buffer.of(1), document]), 1),
      );
      for (const bytes of written) {
        const refused = (await asked(client, bytes)).find(({ type }) => type === "E");
        expect(refused && fields(refused).M, bytes.toString()).toContain(
          "a mask has put in the place of a value",
        );
      }
      const other = await asked(client, query("update customers set city = 'Jena'"));
      expect(other.some(({ type }) => type === "E")).toBeFalse();
      client.close();
    });

    testWith(lacks)("a payload of NOTIFY, to the same session and to another", async () => {
      const [one, other] = [await login("masked"), await login("masked")];
      for (const client of [one, other]) {
        client.send(query("listen told"));
        await client.until("Z");
      }
      one.send(query("select pg_notify('told', email), city from customers"));
      const answers = [...(await one.until("A")), ...(await other.until("A"))];
      one.send(
        query(
          "do $$ begin execute 'notify told, ' || (select quote_literal(email) from customers limit 1); end $$",
        ),
      );
      answers.push(...(await one.until("A")), ...(await other.until("A")));
      expect(answers.filter(({ type }) => type === "A")).toHaveLength(4);
      for (const { body } of answers) expect(canaries.inBytes("notification", body)).toEqual([]);
      one.close();
      other.close();
    });
  });
}

/** A cursor and PREPARE take queries, PREPARE also what changes. */
function fits({ text: sql }: Form, way: string): boolean {
  if (/cursor/.test(way)) return /^(select|with|table|values)/.test(sql) && !/^with .*update/.test(sql);
  if (way === "EXECUTE") return /^(select|with|table|values|insert|update|delete)/.test(sql);
  return true;
}

function readies(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    if (bytes[at] === 0x51 || bytes[at] === 0x53) count += 1;
  }
  return count;
}

/** Every cell that a masked column may leave: nothing, or what the mask puts there, beside what is not masked. */
const harmless = /^(\*{4}|\[withheld\]|ulm|bonn|\{gold,old\}|gold|old|\d{1,2}|)$/i;

/** Canaries in all that came, in each column's cells put together, and cells that nobody expects. */
function leaksOf({ text: sql }: Form, answer: readonly Message[], strict: boolean): string[] {
  const all = Buffer.concat(answer.map(({ body }) => body));
  const leaks = canaries.inBytes(sql, all);
  const rows = answer.filter(({ type }) => type === "D").map(({ body }) => cellsOf(body));
  const width = Math.max(0, ...rows.map((cells) => cells.length));
  for (let column = 0; column < width; column++) {
    const together = Buffer.concat(rows.map((cells) => cells[column] ?? Buffer.alloc(0)));
    leaks.push(...canaries.inBytes(`${sql} (column ${column})`, together));
  }
  // A plan is of names and of the statement's own constants.
  if (!strict || sql.startsWith("explain")) return leaks;
  for (const cell of rows.flat()) {
    const value = cell?.toString("latin1") ?? "";
    const number = cell !== null && (cell.length === 4 || cell.length === 8) && cell[0] === 0;
    const binary = value.includes("\0");
    if (!harmless.test(value) && !number && !(binary && /ulm|bonn|gold/i.test(value))) {
      leaks.push(`${sql}: ${JSON.stringify(value)}`);
    }
  }
  return leaks;
}

function cellsOf(body: Buffer): (Buffer | null)[] {
  const cells: (Buffer | null)[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(at);
    at += 4;
    cells.push(length === -1 ? null : body.subarray(at, at + length));
    at += Math.max(0, length);
  }
  return cells;
}

function holds(answer: readonly Message[], text: string): boolean {
  return Buffer.concat(answer.map(({ body }) => body)).includes(text);
}

function shown(answer: readonly Message[]): string {
  return answer
    .filter(({ type }) => "DdEN".includes(type))
    .map((each) => (each.type === "E" ? JSON.stringify(fields(each)) : each.body.toString("latin1")))
    .join(" ")
    .slice(0, 300);
}
