import { afterAll, beforeAll, describe, expect } from "bun:test";
import pg from "pg";
import { needs, testWith } from "../needs.ts";
import { execute, fields, type Message, query, RawClient, status, sync } from "../raw.ts";
import { type Door, openDoor } from "./door.ts";

/** Each carries a mark that the server's own log must never show. */
const attacks: Record<string, (mark: string) => string> = {
  "DROP TABLE": (mark) => `drop table customers /* ${mark} */`,
  "DELETE without the right": (mark) => `delete from customers where name = '${mark}'`,
  "an unparsable statement": (mark) => `selekt '${mark}' frmo customers`,
  "a second statement behind ;": (mark) => `select 1; drop table customers /* ${mark} */`,
  "a CTE that writes": (mark) =>
    `with gone as (delete from customers where name = '${mark}' returning id) select * from gone`,
  "EXPLAIN ANALYZE DELETE": (mark) => `explain analyze delete from customers where name = '${mark}'`,
  "COPY TO PROGRAM": (mark) => `copy customers to program 'cat > /tmp/${mark}'`,
};

describe("must hold 3: what is refused never reaches the server", () => {
  let door: Door;
  let token: string;
  beforeAll(async () => {
    if (needs.postgres15) return;
    door = await openDoor({ version: 15 });
    token = await door.token("sam", "support");
  });
  afterAll(() => door?.close());

  /** Refused with the code, the reason, the rule or its absence, and the session; no byte at the server. */
  async function refused(error: Record<string, string>, mark: string): Promise<void> {
    const words = [error.M, error.D, error.H].join("\n");
    expect(error).toMatchObject({ S: "ERROR", C: "42501" });
    expect(error.M?.length).toBeGreaterThan(10);
    expect(words).toMatch(/rule/i);
    expect(words).toMatch(/ses_\w+/);
    expect(await door.serverSaw(mark)).toBe(false);
  }

  testWith(needs.postgres15)("the witness sees what is allowed, so its silence means something", async () => {
    const client = await RawClient.login(door.port, "sam", "shop", token);
    client.send(query("select 'witness-simple'"), execute("select 'witness-extended'"), sync);
    await client.until("Z");
    await client.until("Z");
    expect(await door.serverSaw("witness-simple")).toBe(true);
    expect(await door.serverSaw("witness-extended")).toBe(true);
    client.close();
  });

  for (const [name, attack] of Object.entries(attacks)) {
    const mark = `mark-${name.replace(/\W+/g, "-").toLowerCase()}`;

    testWith(needs.postgres15)(`${name}, simple`, async () => {
      const client = await RawClient.login(door.port, "sam", "shop", token);
      client.send(query(attack(`${mark}-simple`)));
      const answer = await client.until("Z");
      await refused(errorIn(answer), `${mark}-simple`);
      expect(status(answer)).toBe("I");
      await usable(client);
    });

    testWith(needs.postgres15)(`${name}, extended`, async () => {
      const client = await RawClient.login(door.port, "sam", "shop", token);
      client.send(execute(attack(`${mark}-extended`)), sync);
      const answer = await client.until("Z");
      await refused(errorIn(answer), `${mark}-extended`);
      expect(status(answer)).toBe("I");
      await usable(client);
    });

    testWith(needs.postgres15)(
      `${name}, in a pipeline: the server rolls back what stood before it`,
      async () => {
        const client = await RawClient.login(door.port, "sam", "shop", token);
        client.send(
          execute("insert into orders values (1, 'before')"),
          execute(attack(`${mark}-pipeline`)),
          execute("insert into orders values (2, 'behind')"),
          sync,
          execute("select 'next group'"),
          sync,
        );
        const answer = await client.until("Z");
        await refused(errorIn(answer), `${mark}-pipeline`);
        expect(status(answer)).toBe("I");
        expect(answer.filter(({ type }) => type === "C").map(({ body }) => String(body))).toEqual([
          "INSERT 0 1\0",
        ]);
        const next = await client.until("Z");
        expect(next.map(({ type }) => type)).toEqual(["1", "2", "D", "C", "Z"]);
        expect(await door.server.sql("select * from orders")).toEqual([]);
        await usable(client);
      },
    );

    testWith(needs.postgres15)(`${name}, in a transaction: its status is the server's own`, async () => {
      const client = await RawClient.login(door.port, "sam", "shop", token);
      client.send(query("begin"));
      expect(status(await client.until("Z"))).toBe("T");
      client.send(query("insert into orders values (3, 'in the transaction')"));
      expect(status(await client.until("Z"))).toBe("T");
      client.send(query(attack(`${mark}-transaction`)));
      const answer = await client.until("Z");
      await refused(errorIn(answer), `${mark}-transaction`);
      expect(status(answer)).toBe("E");
      client.send(query("select 1"));
      expect(fields(errorOf(await client.until("Z"))).C).toBe("25P02");
      client.send(query("commit"));
      const over = await client.until("Z");
      expect(String(over.find(({ type }) => type === "C")?.body)).toBe("ROLLBACK\0");
      expect(await door.server.sql("select * from orders")).toEqual([]);
      await usable(client);
    });
  }

  testWith(needs.postgres15)("a driver sees an ordinary error and goes on", async () => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port: door.port,
      user: "sam",
      password: token,
      database: "shop",
    });
    await client.connect();
    const refusal = client.query("drop table customers");
    await expect(refusal).rejects.toMatchObject({ code: "42501", severity: "ERROR" });
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await client.end();
  });
});

async function usable(client: RawClient): Promise<void> {
  client.send(query("select 7"), execute("select 8"), sync);
  const answers = [...(await client.until("Z")), ...(await client.until("Z"))];
  expect(answers.filter(({ type }) => type === "D").map(({ body }) => body.at(-1))).toEqual([0x37, 0x38]);
  client.close();
}

function errorOf(messages: readonly Message[]): Message {
  const error = messages.find(({ type }) => type === "E");
  if (!error) throw new Error(`No error among ${messages.map(({ type }) => type).join(" ")}.`);
  return error;
}

function errorIn(messages: readonly Message[]): Record<string, string> {
  return fields(errorOf(messages));
}
