import { afterAll, beforeAll, describe, expect } from "bun:test";
import { measured, needs, testWith } from "../needs.ts";
import { fields, int16, int32, type Message, message, query, RawClient, status, sync, text } from "../raw.ts";
import { bind, execute, parse, utf8 } from "./bad-messages.ts";
import { type Door, openDoor } from "./door.ts";

const MB = 1_000_000;
/** Bytes of one value, either way. */
const large = (process.env.POSTERN_LONG ? 900 : 100) * MB;

describe("must hold 5: input of a size that nobody sends", () => {
  let door: Door;
  let owner: string;
  let reader: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18 });
    [owner, reader] = await Promise.all([door.token("olga", "admins"), door.token("sam", "support")]);
  });
  afterAll(() => door?.close());

  const direct = () =>
    RawClient.trusted(`${door.server.folder}/.s.PGSQL.${door.server.port}`, "postgres", "postgres");
  const through = (token: string) => RawClient.login(door.port, "anybody", "shop", token);

  /** Errors and the status, in order: what a client acts on. */
  const outcome = (messages: readonly Message[]) =>
    messages.map((one) => (one.type === "E" ? `${fields(one).S} ${fields(one).C}` : one.type)).join(" ");

  async function asked(client: RawClient, ...bytes: readonly Buffer[]): Promise<string> {
    client.send(...bytes, sync, query("select 1"));
    const messages = [...(await client.until("Z")), ...(await client.until("Z"))];
    client.close();
    return outcome(messages);
  }

  const most = Array.from({ length: 65_535 }, () => 23);
  const values = (count: number) => Array.from({ length: count }, () => utf8("1"));
  for (const [name, bytes] of [
    [
      "65,535 parameters",
      [parse("", "select $1 + $65535", most), bind({ values: values(65_535) }), execute()],
    ],
    [
      "65,536 types of parameters, whose number wraps",
      [parse("", "select 1", [...most, 23]), bind(), execute()],
    ],
    [
      "65,536 parameters, whose number wraps",
      [parse("", "select 1"), bind({ values: values(65_536) }), execute()],
    ],
    [
      "65,535 formats for one parameter",
      [
        parse("", "select $1::int"),
        bind({ formats: Array.from({ length: 65_535 }, () => 0), values: values(1) }),
        execute(),
      ],
    ],
    [
      "65,535 result formats for one column",
      [parse("", "select 1"), bind({ results: Array.from({ length: 65_535 }, () => 0) }), execute()],
    ],
    [
      "a statement of 65,536 parameters",
      [parse("", `select ${values(65_536).map((_, at) => `$${at + 1}`)}`)],
    ],
    ["a value of more than the server takes", [query("select repeat('x', 1073741824)")]],
  ] as const) {
    testWith(needs.postgres18)(`${name}: as the server itself`, async () => {
      const expected = await asked(await direct(), ...bytes);
      expect(await asked(await through(owner), ...bytes)).toBe(expected);
      // A statement of so many words may be unknown to who only reads, and is refused then.
      const seen = await asked(await through(reader), ...bytes);
      expect([expected, expected.replace(/ERROR \w+/, "ERROR 42501")]).toContain(seen);
    });
  }

  for (const [name, header] of [
    ["a Query of 1 GB", [Buffer.of(0x51), int32(1 << 30), utf8("select ")]],
    ["a Parse of 1 GB", [Buffer.of(0x50), int32(1 << 30), text(""), utf8("select ")]],
    [
      "a Bind of 1 GB",
      [Buffer.of(0x42), int32(1 << 30), text(""), text(""), int16(0), int16(1), int32(1 << 29)],
    ],
    ["a FunctionCall of 1 GB", [Buffer.of(0x46), int32(1 << 30), int32(1598)]],
    ["a Query of 2 GB", [Buffer.of(0x51), int32(0x7fff_ffff), utf8("select ")]],
  ] as const) {
    testWith(needs.postgres18)(`${name} ends the session by its length alone`, async () => {
      for (const token of [owner, reader]) {
        const client = await through(token);
        client.send(parse("", "select $1::text"), ...header);
        const error = (await client.until("the end")).find(({ type }) => type === "E");
        // What need not be read whole goes on to the server, which takes no such message either.
        expect(error && fields(error)).toMatchObject({
          S: "FATAL",
          C: expect.stringMatching(/^(54000|08001)$/),
        });
        if (error && fields(error).C === "54000") expect(fields(error).H).toContain("frame limit");
      }
    });
  }

  testWith(needs.postgres18, needs.proc)(
    `a value of ${large / MB} MB from the server passes, and is not kept`,
    async () => {
      const client = await through(owner);
      const before = door.memory();
      let received = 0;
      let chunks = 0;
      let most = 0;
      const ready = Promise.withResolvers<void>();
      client.stream((chunk) => {
        received += chunk.length;
        if (chunks++ % 64 === 0) most = Math.max(most, door.memory());
        if (chunk.subarray(-6, -5).toString() === "Z") ready.resolve();
      });
      client.send(query(`select repeat('x', ${large})`));
      await ready.promise;
      most = Math.max(most, door.memory());
      client.close();
      expect(received).toBeGreaterThan(large);
      measured(
        `a value of ${large / MB} MB grew the gateway by ${((most - before) / MB).toFixed(0)} MB at most`,
      );
      expect(most - before).toBeLessThan(96 * MB);
    },
  );

  testWith(needs.postgres18, needs.proc)(
    `a value of ${large / MB} MB to the server: one clear error, and nothing of it is kept`,
    async () => {
      const before = door.memory();
      for (const token of [owner, reader]) {
        const client = await through(token);
        const [length, header] = [int32(large + 100), [text(""), text(""), int16(0), int16(1), int32(large)]];
        client.send(parse("", "select length($1::text)"), Buffer.of(0x42), length, ...header);
        client.send(Buffer.alloc(32 * MB, "x"));
        const error = (await client.until("the end")).find(({ type }) => type === "E");
        expect(error && fields(error)).toMatchObject({
          S: "FATAL",
          C: "54000",
          D: expect.stringContaining("limit.frame"),
        });
      }
      expect(door.memory() - before).toBeLessThan(96 * MB);
      expect(door.restarts()).toBe(0);
    },
  );

  testWith(needs.postgres18)(
    "a start-up packet longer than the server takes is refused by its length",
    async () => {
      for (const bytes of [10_001, 1 << 30, 0x7fff_ffff]) {
        const client = await RawClient.connect(door.port);
        client.send(int32(bytes), int32(0x30000));
        const [error] = await client.until("the end");
        expect(error && fields(error)).toMatchObject({ S: "FATAL", C: "08P01" });
      }
      const client = await through(owner);
      client.send(message("Q", text("select 1")));
      expect(status(await client.until("Z"))).toBe("I");
      client.close();
    },
  );
});
