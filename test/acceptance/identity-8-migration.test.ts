import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { needs, testWith } from "../needs.ts";
import { Postern, postern } from "../postern.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";

interface Finding {
  readonly state: string;
  readonly message: string;
}

describe("migration: from a shared password to the gateway", () => {
  let server: PostgresServer;
  let folder: string;
  let gateway: Postern | undefined;
  /** The old job, and where it goes: all that it knows. */
  const job = { user: "billing", database: "shop", application_name: "nightly-billing" };
  const invoice = "insert into invoices (total) values (7) returning total, current_user as who";

  beforeAll(async () => {
    if (needs.postgres15) return;
    folder = mkdtempSync(join(tmpdir(), "postern-migration-"));
    server = await startPostgres({ version: 15 });
    await server.sql("create database shop");
    await server.sql(
      `create role billing login password 'shared-for-years';
       create table invoices (id serial primary key, total int);
       grant select, insert on invoices to billing; grant usage on sequence invoices_id_seq to billing;
       create table salaries (amount int);`,
      "shop",
    );
  });
  afterAll(async () => {
    await gateway?.kill();
    await server?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  testWith(needs.postgres15)(
    "adopt drafts a policy under which the job changes its host and its password, nothing else",
    async () => {
      const old = new pg.Client({
        ...job,
        host: "127.0.0.1",
        port: server.port,
        password: "shared-for-years",
      });
      await old.connect();
      const before = await old.query(invoice);
      const draft = join(folder, "shop.policy.ts");
      const adopted = await postern(
        ["adopt", server.url({ database: "shop", password: "" }), "--out", draft],
        {
          PGPASSWORD: server.password,
        },
      );
      expect(adopted).toMatchObject({ code: 0, stdout: "" });
      const text = readFileSync(draft, "utf8");
      expect(text).toContain("1 now from 127.0.0.1 as nightly-billing");
      expect(text).not.toContain(server.password);
      // What a reader of the draft does at its CHECK lines.
      writeFileSync(
        draft,
        text
          .replace(/oidc\(\{[^}]*\}\)/, "local()")
          .replace("env, oidc,", "env, local,")
          .replace("port: 6432", "port: 0"),
      );
      gateway = new Postern(draft, join(folder, "data"), join(folder, "gateway.log"), {
        SHOP_ADMIN_URL: server.url({ database: "shop" }),
      });
      await gateway.start();
      const minted = await gateway.postern(["token", "mint", "--subject", "billing", "--machine"]);
      const moved = new pg.Client({
        ...job,
        host: "127.0.0.1",
        port: gateway.port,
        password: minted.stdout.trim(),
      });
      await moved.connect();
      const after = await moved.query(invoice);
      expect(after.rows).toEqual(before.rows);
      expect(after.rows).toEqual([{ total: 7, who: "billing" }]);
      await expect(moved.query("select * from salaries")).rejects.toMatchObject({ code: "42501" });

      // Both are logged in now: doctor tells the one that goes around.
      const { stdout } = await gateway.postern(["doctor", "shop", "--json"]);
      const around = (JSON.parse(stdout) as Finding[]).filter(({ message }) =>
        message.includes("nightly-billing"),
      );
      expect(around).toEqual([
        expect.objectContaining({
          state: "warn",
          message: expect.stringMatching(/^1 login as billing from 127\.0\.0\.1 \(nightly-billing\)/),
        }),
      ]);
      await old.end();
      const later = await gateway.postern(["doctor", "shop", "--json"]);
      expect(later.stdout).not.toContain("nightly-billing");
      await moved.end();
    },
    60_000,
  );
});
