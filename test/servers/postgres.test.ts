import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { hasPostgres, startPostgres } from "./postgres.ts";

for (const version of [15, 18] as const) {
  test.skipIf(!hasPostgres(version))(
    `PostgreSQL ${version} starts, logs, restarts and leaves nothing`,
    async () => {
      const server = await startPostgres({ version });
      try {
        expect(
          await server.sql("create table t (id int); insert into t values (7); select id from t"),
        ).toEqual([["7"]]);
        expect(server.logged()).toContain("insert into t values (7)");
        await server.stop();
        await server.start();
        await server.kill();
        await server.start();
        expect((await server.sql("show server_version"))[0]?.[0]).toStartWith(String(version));
      } finally {
        await server.close();
      }
      expect(existsSync(server.folder)).toBe(false);
    },
    30_000,
  );
}
