import { afterAll, beforeAll, describe, expect } from "bun:test";
import { createHash } from "node:crypto";
import { Canaries } from "../canary.ts";
import { type CopyClient, type CopyPlace, copyClients } from "../clients/copy.ts";
import { needs, testWith } from "../needs.ts";
import type { PostgresVersion } from "../servers/postgres.ts";
import { openWiretap, type Wiretap } from "../wiretap.ts";
import { type Door, openDoor } from "./door.ts";
import { people, secretValues } from "./people.ts";

const formats = ["format text", "format csv, header", "format binary"] as const;
const whats = ["customers", "customers (card, id, email)", "(select upper(email), card, id from customers)"];
const servers: readonly [PostgresVersion, string | undefined][] = [
  [15, needs.postgres15],
  [18, needs.postgres18],
];

for (const [version, lacksServer] of servers) {
  describe(`postgres, must hold 2: COPY, PostgreSQL ${version}`, () => {
    let door: Door;
    let wire: Wiretap;
    let masked: CopyPlace;
    let clear: CopyPlace;
    let direct: CopyPlace;
    beforeAll(async () => {
      if (lacksServer) return;
      door = await openDoor({ version });
      wire = await openWiretap(door.port);
      const place = { database: "shop", folder: door.folder };
      const { port, password } = door.server;
      masked = { ...place, port: wire.port, user: "sam", password: await door.token("sam", "support") };
      clear = { ...place, port: door.port, user: "ben", password: await door.token("ben", "bench") };
      direct = { ...place, port, user: "postgres", password, database: "postgres" };
    });
    afterAll(async () => {
      await wire?.close();
      await door?.close();
    });

    for (const client of copyClients) {
      const lacks = [lacksServer, client.lacks] as const;
      testWith(...lacks)(`${client.name}: out, masked in every format`, () => outMasked(client));
      testWith(...lacks)(`${client.name}: out, the server's bytes where nothing is masked`, () =>
        outClear(client),
      );
      testWith(...lacks)(`${client.name}: in, with size and hash in the trail`, () => goesIn(client));
      testWith(...lacks)(`${client.name}: in, held before any data flows`, () => held(client));
    }

    async function outMasked(client: CopyClient): Promise<void> {
      for (const what of whats) {
        for (const format of formats) {
          const bytes = await client.out(masked, what, format);
          const written = bytes.toString("latin1");
          expect(new Canaries(...secretValues).inBytes(`${what}, ${format}`, bytes)).toEqual([]);
          expect(written.split("****").length - 1).toBe(people.length * 2);
          if (format !== "format binary") continue;
          expect(written.startsWith("PGCOPY\n\xff\r\n\0")).toBe(true);
          expect(written.endsWith("\xff\xff")).toBe(true);
        }
      }
      const text = await client.out(masked, "customers", "format text");
      expect(text.toString()).toBe(
        people.map(({ id, name, city }) => `${id}\t${name}\t****\t****\t${city}\n`).join(""),
      );
    }

    async function outClear(client: CopyClient): Promise<void> {
      for (const format of formats) {
        const through = await client.out(clear, "customers", format);
        expect(through.equals(await client.out(direct, "customers", format))).toBe(true);
      }
    }

    async function goesIn(client: CopyClient): Promise<void> {
      for (const format of formats) {
        await door.server.sql(
          "truncate orders; insert into orders select i, 'note ' || i from generate_series(1, 300) i",
        );
        const bytes = await client.out(direct, "orders", format);
        await door.server.sql("truncate orders");
        const before = door.entries("outcome").length;
        await client.in(masked, "orders", format, bytes);
        expect(await door.server.sql("select count(*), min(note), max(id) from orders")).toEqual([
          ["300", "note 1", "300"],
        ]);
        await door.sessionsClosed();
        const received = door
          .entries("outcome")
          .slice(before)
          .flatMap(({ outcome }) => outcome.received ?? []);
        const sha256 = createHash("sha256").update(bytes).digest("hex");
        expect(received).toEqual([{ bytes: bytes.length, sha256 }]);
      }
    }

    async function held(client: CopyClient): Promise<void> {
      const bytes = Buffer.from("100\tHeld Person\t\\N\t\\N\tHamm\n");
      const copying = client.in(masked, "customers", "format text", bytes);
      let hold = "";
      await door.until("it is held", async () => {
        hold = (await door.json<{ id: string }[]>("approvals", "list"))[0]?.id ?? "";
        return hold !== "";
      });
      expect(await door.server.sql("select 1 from customers where id = 100")).toEqual([]);
      expect((await door.answer(hold, "approve", await door.token("lea", "leads"))).code).toBe(0);
      await copying;
      expect(await door.server.sql("delete from customers where id = 100 returning city")).toEqual([
        ["Hamm"],
      ]);
    }

    testWith(lacksServer)("no clear value is in the bytes received, no file and no log", async () => {
      await door.sessionsClosed();
      const canaries = new Canaries(...secretValues);
      expect(wire.received().length).toBeGreaterThan(1000);
      expect(canaries.inBytes("received", wire.received())).toEqual([]);
      expect(canaries.inBytes("gateway's log", Buffer.from(door.logged()))).toEqual([]);
    });
  });
}
