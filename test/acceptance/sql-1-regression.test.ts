import { afterAll, beforeAll, describe, expect } from "bun:test";
import { measured, needs, testWith } from "../needs.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { openGateway } from "../suites/gateway.ts";
import { libpqTests } from "../suites/libpq.ts";
import { regression15, sources15 } from "../suites/postgres15.ts";
import { type Regression, regress, suiteSettings } from "../suites/regress.ts";
import { direct, type Target } from "../suites/target.ts";

const long = process.env.POSTERN_LONG === "1";
const sources = sources15();
const unpacked = sources ? undefined : "no source of PostgreSQL 15 (npm test unpacks Debian's)";

/** Under a rule that allows everything, what PostgreSQL's own tests see is what they see of the server itself. */
describe("PostgreSQL's own tests", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    if (needs.postgres15 || sources === undefined) return;
    server = await startPostgres({ version: 15, settings: suiteSettings });
  });
  afterAll(() => server?.close());

  testWith(needs.postgres15, needs.cc, unpacked)(
    "must hold 1: the regression suite: the same files pass through the gateway as direct, and fail in the same way",
    async () => {
      const input = regression15(sources as NonNullable<typeof sources>, long);
      const itself = await regress(input, direct(server));
      const through = await behind(["postgres", "regression"], (target) => regress(input, target));
      measured(
        `the regression suite, ${itself.files.size} files: direct ${itself.seconds.toFixed(0)} s, through the gateway ${through.seconds.toFixed(0)} s`,
      );
      expect(itself.files.size).toBeGreaterThan(long ? 200 : 25);
      expect([...through.files.keys()]).toEqual([...itself.files.keys()]);
      expect(outcome(through)).toEqual(outcome(itself));
    },
    long ? 3_600_000 : 600_000,
  );

  testWith(
    needs.postgres15,
    needs.psql,
    needs.cc,
    unpacked,
  )(
    "must hold 1: libpq's own tests, pipelines with the trace of all messages, end in the same way",
    async () => {
      const own = sources as NonNullable<typeof sources>;
      await server.sql("create database libpq");
      const itself = await libpqTests(own, direct(server), "libpq");
      expect([...itself.values()].filter((said) => said.includes("ended with")).length).toBeGreaterThan(14);
      for (const said of itself.values()) expect(said).not.toMatch(/ended with (?!0)/);
      // As it was, under the same number: the examples print it.
      await server.sql("drop schema public, testlibpq2, testlibpq3 cascade; create schema public", "libpq");
      const through = await behind(["libpq"], (target) => libpqTests(own, target, "libpq"));
      expect(Object.fromEntries(through)).toEqual(Object.fromEntries(itself));
    },
    180_000,
  );

  async function behind<T>(databases: readonly string[], run: (target: Target) => Promise<T>): Promise<T> {
    const gateway = await openGateway(server, databases, "allowing");
    try {
      return await run(gateway);
    } finally {
      await gateway.close();
    }
  }
});

/** By file that failed: the difference from what was expected. */
function outcome({ files, diffs }: Regression): Record<string, string> {
  const failed = [...files].filter(([, ok]) => !ok).map(([file]) => file);
  return Object.fromEntries(failed.map((file) => [file, diffs.get(file) ?? "no difference was written"]));
}
