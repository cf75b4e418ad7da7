import { afterAll, beforeAll, describe, expect } from "bun:test";
import pg from "pg";
import { Canaries } from "../canary.ts";
import { needs, testWith } from "../needs.ts";
import { openWiretap, type Wiretap } from "../wiretap.ts";
import { type Door, openDoor } from "./door.ts";

const password = "canary/Pässword+5f1c";

describe("must hold 5: the database password stays in the gateway", () => {
  let door: Door;
  /** Between caller and gateway. */
  let near: Wiretap;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18, password, tapServer: true });
    near = await openWiretap(door.port);
  });
  afterAll(async () => {
    await near?.close();
    await door?.close();
  });

  testWith(needs.postgres18, needs.proc)(
    "no byte of it on a wire, in a file, a log or a command line",
    async () => {
      const canaries = new Canaries(password);
      const login = { host: "127.0.0.1", port: near.port, user: "sam", database: "shop" };
      const client = new pg.Client({ ...login, password: await door.token("sam", "support") });
      await client.connect();
      await client.query("select * from customers where id = $1", [1]);
      await client.query("drop table customers").catch(() => {});
      await client.query("select 1 / 0").catch(() => {});
      expect(canaries.inCommandLines()).toEqual([]);
      await client.end();

      // A wrong token, and a server that is gone and then takes another password: each in its error's words.
      const stranger = new pg.Client({ ...login, password: "wrong" });
      await expect(stranger.connect()).rejects.toThrow();
      await door.server.sql("alter user postgres password 'something else'");
      const refused = new pg.Client({ ...login, password: await door.token("sam", "support") });
      await expect(refused.connect()).rejects.toThrow();
      await door.server.stop();
      const unreachable = new pg.Client({ ...login, password: await door.token("sam", "support") });
      await expect(unreachable.connect()).rejects.toThrow();

      expect((await door.postern("sessions", "list", "--all")).code).toBe(0);
      const { stdout } = await door.postern("audit", "query", "--json");
      await door.sessionsClosed();
      expect(near.received().length).toBeGreaterThan(500);
      expect(door.serverWire?.sent().length).toBeGreaterThan(500);
      const found = [
        ...canaries.inBytes("to the caller", near.received()),
        ...canaries.inBytes("to the server", door.serverWire?.sent() ?? Buffer.alloc(0)),
        ...canaries.inBytes("from the server", door.serverWire?.received() ?? Buffer.alloc(0)),
        ...canaries.inBytes("audit query", Buffer.from(stdout)),
        ...canaries.inBytes("gateway's log", Buffer.from(door.logged())),
        ...canaries.inFiles(door.data),
        ...canaries.inCommandLines(),
      ];
      expect(found).toEqual([]);
    },
  );
});
