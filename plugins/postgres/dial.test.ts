import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Dialed, PosternError } from "../../core/plugin.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../test/servers/postgres.ts";
import { cancelOnServer } from "./cancel.ts";
import { Control } from "./control.ts";
import { dial, dialControl, dialedState } from "./dial.ts";
import { testArrival, testPermit } from "./testing/permit.ts";

const canary = "canary-9f2e";

const hba = [
  "host all md5er 127.0.0.1/32 md5",
  "host all open 127.0.0.1/32 trust",
  "host all plain 127.0.0.1/32 password",
];

const setUp = `
  create role scram login password '${canary}';
  create role umlaut login password U&'na\\00EFve \\2168';
  set password_encryption = 'md5'; create role md5er login password '${canary}';
  create role plain login password '${canary}'; create role open login; create role shut nologin;`;

/** One question over a session's own connection. */
function ask(dialed: Dialed, text: string): Promise<(readonly (string | null)[])[]> {
  return new Control().query(async () => dialed, text, []);
}

async function failure(attempt: Promise<unknown>): Promise<PosternError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof PosternError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

for (const version of [15, 18] as const) {
  describe.skipIf(!hasPostgres(version))(`PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres({ version, hba });
      await server.sql(setUp);
    }, 60_000);
    afterAll(() => server.close());
    const config = (user: string) => ({ host: server.host, port: server.port, database: "postgres", user });

    for (const [user, password] of [
      ["scram", canary],
      ["umlaut", "naïve Ⅸ"],
      ["md5er", canary],
      ["plain", canary],
      ["open", undefined],
    ] as const) {
      test(`logs in as ${user}`, async () => {
        const dialed = await dial(testPermit(config(user), password), testArrival({}, "psql"));
        expect(await ask(dialed, "select current_user, current_setting('application_name')")).toEqual([
          [user, "psql postern:ses_test alice"],
        ]);
        const { parameters, key, target } = dialedState(dialed);
        expect(parameters.get("server_version")).toStartWith(String(version));
        expect(parameters.get("client_encoding")).toBe("UTF8");
        expect(key?.secret.length).toBe(4);
        expect(target).toMatchObject({ host: "127.0.0.1", port: server.port });
        dialed.wire.destroy();
      });
    }

    test("takes a whole URL, and the caller's settings", async () => {
      const url = server.url({ user: "scram", password: canary });
      const permit = testPermit({ host: "127.0.0.1" }, url);
      const dialed = await dial(permit, testArrival({ timezone: "Asia/Tokyo" }));
      expect(await ask(dialed, "show timezone")).toEqual([["Asia/Tokyo"]]);
      dialed.wire.destroy();
    });

    test("says what failed to the operator, and neither secret nor detail to the caller", async () => {
      const wrong = `${canary}-wrong`;
      for (const [permit, code, cause] of [
        [testPermit(config("scram"), wrong), "resource.login", "28P01"],
        [testPermit(config("md5er"), wrong), "resource.login", "28P01"],
        [testPermit(config("plain"), wrong), "resource.login", "28P01"],
        [testPermit(config("nobody"), wrong), "resource.login", "28P01"],
        [testPermit({ ...config("scram"), database: "absent" }, canary), "resource.login", "3D000"],
        [testPermit(config("scram")), "resource.login", undefined],
        [testPermit({ ...config("scram"), port: 1 }, canary), "resource.unreachable", undefined],
        [testPermit({ ...config("scram"), host: "127.0.0.2" }, server.url()), "resource.config", undefined],
        [testPermit(config("scram"), `postgres://scram:%${canary}@[/`), "resource.config", undefined],
      ] as const) {
        const error = await failure(dial(permit, testArrival()));
        expect(error.code).toBe(code);
        const { cause: why } = error.more;
        if (cause !== undefined) expect(String(why)).toContain(cause);
        const shown = [error.message, error.more.hint, why, error.stack].join(" ");
        expect(shown).not.toContain(canary);
        expect([error.message, error.more.hint].join(" ")).not.toMatch(/scram:|md5er|nobody|absent/);
      }
    });

    test("a cancel request with the server's key stops what runs", async () => {
      const dialed = await dial(testPermit(config("scram"), canary), testArrival());
      const { key, target } = dialedState(dialed);
      if (!key) throw new Error("the server gave no key");
      const slow = failure(ask(dialed, "select pg_sleep(60)"));
      while (
        Number((await server.sql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"))[0]) <
        1
      );
      await cancelOnServer(target, key);
      expect(String((await slow).more.cause)).toContain("57014");
      dialed.wire.destroy();
    });

    test("the control connection opens itself, survives an error and a restart, and closes when idle", async () => {
      const control = new Control({ idle: 50 });
      let dials = 0;
      const connect = () => {
        dials += 1;
        return dialControl(testPermit(config("scram"), canary));
      };
      const one = () =>
        control.query(connect, "select $1::text, null, current_setting('search_path')", ["é"]);
      const row = [["é", null, "pg_catalog"]];
      expect(await Promise.all([one(), one()])).toEqual([row, row]);
      expect((await failure(control.query(connect, "select 1/0", []))).code).toBe("resource.query");
      expect((await failure(control.query(connect, "create table t ()", []))).code).toBe("resource.query");
      expect(await one()).toEqual(row);
      expect(dials).toBe(1);
      await server.stop("immediate");
      expect((await failure(one())).code).toMatch(/^(resource\.unreachable|wire\.closed)$/);
      await server.start();
      expect(await one()).toEqual(row);
      const open = "select count(*) from pg_stat_activity where application_name like 'postern%'";
      while ((await server.sql(open))[0]?.[0] !== "0");
    });

    test("a kept control connection that somebody ended costs no answer where asking again changes nothing", async () => {
      const control = new Control({ again: true });
      const connect = () => dialControl(testPermit(config("scram"), canary));
      const backend = async () => (await control.query(connect, "select pg_backend_pid()", []))[0]?.[0];
      const first = await backend();
      await server.sql(`select pg_terminate_backend(${first}, 5000)`);
      expect(await backend()).not.toBe(first);
      await control.close();
    });

    test("what it asks again and again is kept prepared, until a pooler puts another connection in between", async () => {
      const control = new Control({ again: true });
      const connect = () => dialControl(testPermit(config("scram"), canary));
      const kept = "select count(*) from pg_prepared_statements where from_sql = false";
      const two = [
        { text: kept },
        { text: "select $1::text", parameters: ["é"] },
        { text: "select $1::text", parameters: ["ü"] },
      ];
      await control.group(connect, two);
      expect(await control.group(connect, two)).toEqual([[["3"]], [["é"]], [["ü"]]]);
      expect((await failure(control.query(connect, "select 1/0", []))).code).toBe("resource.query");
      expect(await control.group(connect, two)).toEqual([[["4"]], [["é"]], [["ü"]]]);
      // As though it were another one.
      await control.script(connect, "deallocate all");
      expect(await control.group(connect, two)).toEqual([[["0"]], [["é"]], [["ü"]]]);
      expect(await control.group(connect, two)).toEqual([[["0"]], [["é"]], [["ü"]]]);
      await control.close();
    });
  });
}
