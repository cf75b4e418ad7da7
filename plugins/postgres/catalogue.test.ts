import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Origin } from "../../core/plugin.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../test/servers/postgres.ts";
import { type Catalogue, catalogueOf, invalidate } from "./catalogue.ts";
import { testPermit } from "./testing/permit.ts";

const setUp = `
  create schema "Shop";
  create table "Shop".customers (id int primary key, email text, card text,
    domain text generated always as (split_part(email, '@', 2)) stored);
  create view "Shop".mails as select c.id, c.email as contact, lower(c.email) as low from "Shop".customers c
    where c.card is not null;
  create view inner_view as select * from (select id, contact from "Shop".mails) s join (values (1)) v(n) on true;
  create materialized view stored as with c as (select email from "Shop".customers) select email from c;
  create view whole as select to_jsonb(c) as doc, c.id from "Shop".customers c;
  create view both_ways as select email from "Shop".customers union all select contact from "Shop".mails;
  create function secret() returns text language sql as 'select email from "Shop".customers limit 1';
  create view opaque as select 1 as one, secret() as value, id from "Shop".customers;
  create view by_text as select query_to_xml('select email from "Shop".customers', true, true, '') as x;
  create view by_search as select word from ts_stat('select to_tsvector(email) from "Shop".customers');
  create view by_object as select convert_from(lo_get(4711), 'utf8') as x;
  create view by_file as select pg_read_file('PG_VERSION') as x, id from "Shop".customers;
  create view by_session as select upper(query) as x, pid from pg_stat_activity;
  create view by_function as select pg_stat_get_activity(null)::text as x;
  create view computed as select upper(id::text) || now() as x from "Shop".customers;
  create view sampled as select most_common_vals::text as v from pg_stats;
  create view plain_sampled as select data from pg_largeobject;
  create view missed as select attmissingval::text as t, attname from pg_attribute;
  create view count_only as select count(*) as n from "Shop".customers;
  create table parted (id int, mail text) partition by range (id);
  create table parted_low partition of parted for values from (0) to (10) partition by range (id);
  create table parted_lowest partition of parted_low for values from (0) to (5);
  create table parted_high partition of parted for values from (10) to (20);
  create table base (email text); create table derived (extra text) inherits (base);
  create table "odd.name" ("we""ird" text);`;

for (const version of [15, 18] as const) {
  describe.skipIf(!hasPostgres(version))(`PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres({ version });
      await server.sql(setUp);
      await server.sql("create role reader login password 'reader'");
    }, 60_000);
    afterAll(() => server.close());

    const openCatalogue = (port = server.port) => {
      const config = { host: server.host, port, user: "reader", database: "postgres" };
      let permits = 0;
      const catalogue = catalogueOf(config, () => {
        permits += 1;
        return testPermit(config, "reader");
      });
      return { catalogue, config, permits: () => permits };
    };
    const oidOf = async (name: string) =>
      Number((await server.sql(`select '${name}'::regclass::oid`))[0]?.[0]);
    const load = async (catalogue: Catalogue, name: string) => {
      const oid = await oidOf(name);
      await catalogue.load([oid]);
      const facts = catalogue.table(oid);
      if (!facts) throw new Error(`${name} was not loaded`);
      const columns = [...facts.columns.values()];
      return {
        facts,
        origins: (column: string) => {
          const origins = columns.find(({ name: each }) => each === column)?.origins;
          return origins === "unknown" ? origins : origins?.map(shown).sort();
        },
      };
    };
    const shown = ({ table, column }: Origin) => `${table ?? "*"}.${column}`;

    test("a table's columns come from themselves, a generated one also from what it is made of", async () => {
      const { facts, origins } = await load(openCatalogue().catalogue, '"Shop".customers');
      expect(facts).toMatchObject({ schema: "Shop", name: "customers", kind: "r" });
      expect(facts.columns.get(2)).toEqual({
        name: "email",
        generated: false,
        origins: [{ table: "Shop.customers", column: "email" }],
      });
      expect(origins("domain")).toEqual(["Shop.customers.domain", "Shop.customers.email"]);
      expect(facts.columns.get(-1)?.name).toBe("ctid");
    });

    test("a view's plain column is followed, another one comes from all that the view names", async () => {
      const { catalogue } = openCatalogue();
      const mails = await load(catalogue, '"Shop".mails');
      expect(mails.origins("id")).toEqual(["Shop.customers.id", "Shop.mails.id"]);
      expect(mails.origins("contact")).toEqual(["Shop.customers.email", "Shop.mails.contact"]);
      expect(mails.origins("low")).toEqual([
        "Shop.customers.card",
        "Shop.customers.email",
        "Shop.customers.id",
        "Shop.mails.low",
      ]);
      const nested = await load(catalogue, "inner_view");
      expect(nested.origins("contact")).toEqual([
        "Shop.customers.email",
        "Shop.mails.contact",
        "public.inner_view.contact",
      ]);
      const stored = await load(catalogue, "stored");
      expect(stored.origins("email")).toEqual(["Shop.customers.email", "public.stored.email"]);
    });

    test("whole rows, unions and aggregates name every column that may be in them", async () => {
      const { catalogue } = openCatalogue();
      const whole = await load(catalogue, "whole");
      expect(whole.origins("doc")).toContain("Shop.customers.email");
      expect(whole.origins("doc")).toContain("Shop.customers.card");
      expect(whole.origins("id")).toEqual(["Shop.customers.id", "public.whole.id"]);
      const both = await load(catalogue, "both_ways");
      expect(both.origins("email")).toContain("Shop.customers.email");
      expect(both.origins("email")).toContain("Shop.mails.contact");
      expect((await load(catalogue, "count_only")).origins("n")).toEqual(["public.count_only.n"]);
    });

    test("what may read tables that nobody wrote down is unknown", async () => {
      const { catalogue } = openCatalogue();
      const opaque = await load(catalogue, "opaque");
      expect(opaque.origins("value")).toBe("unknown");
      expect(opaque.origins("one")).toBe("unknown");
      expect(opaque.origins("id")).toEqual(["Shop.customers.id", "public.opaque.id"]);
      expect((await load(catalogue, "by_text")).origins("x")).toBe("unknown");
      expect((await load(catalogue, "by_search")).origins("word")).toBe("unknown");
      for (const view of ["by_object", "by_file", "by_session", "by_function"])
        expect([view, (await load(catalogue, view)).origins("x")]).toEqual([view, "unknown"]);
      expect((await load(catalogue, "by_file")).origins("id")).toEqual([
        "Shop.customers.id",
        "public.by_file.id",
      ]);
      expect((await load(catalogue, "computed")).origins("x")).toEqual([
        "Shop.customers.id",
        "public.computed.x",
      ]);
      expect((await load(catalogue, "sampled")).origins("v")).toBe("unknown");
      expect((await load(catalogue, "plain_sampled")).origins("data")).toBe("unknown");
      expect((await load(catalogue, "pg_stats")).origins("most_common_vals")).toBe("unknown");
      expect((await load(catalogue, "pg_class")).origins("relname")).toEqual(["pg_catalog.pg_class.relname"]);
    });

    test("what tools ask of the information schema is of the catalogue, but a value that stands there is none of it", async () => {
      const { catalogue } = openCatalogue();
      for (const view of ["columns", "key_column_usage", "sequences", "tables", "referential_constraints"]) {
        const { facts } = await load(catalogue, `information_schema.${view}`);
        for (const { name, origins } of facts.columns.values()) {
          expect({ view, name, unknown: origins === "unknown" }).toEqual({ view, name, unknown: false });
        }
      }
      const missed = await load(catalogue, "missed");
      expect(missed.origins("t")).toBe("unknown");
      expect(missed.origins("attname")).toEqual(["pg_catalog.pg_attribute.attname", "public.missed.attname"]);
    });

    test("a view whose tree is larger than a network buffer", async () => {
      const columns = Array.from(
        { length: 400 },
        (_, at) => `email as mail_${at}, upper(card) as card_${at}`,
      );
      await server.sql(`create view wide as select ${columns.join()} from "Shop".customers`);
      const wide = await load(openCatalogue().catalogue, "wide");
      expect(wide.origins("mail_399")).toEqual(["Shop.customers.email", "public.wide.mail_399"]);
      expect(wide.origins("card_399")).toEqual([
        "Shop.customers.card",
        "Shop.customers.email",
        "public.wide.card_399",
      ]);
    });

    test("partitions and children share their columns with their parents", async () => {
      const { catalogue } = openCatalogue();
      const line = ["public.parted.mail", "public.parted_low.mail", "public.parted_lowest.mail"];
      expect((await load(catalogue, "parted")).origins("mail")).toEqual(
        [...line, "public.parted_high.mail"].sort(),
      );
      expect((await load(catalogue, "parted_lowest")).origins("mail")).toEqual(line);
      const derived = await load(catalogue, "derived");
      expect(derived.origins("email")).toEqual(["public.base.email", "public.derived.email"]);
      expect(derived.origins("extra")).toEqual(["public.derived.extra"]);
      expect((await load(catalogue, '"odd.name"')).origins('we"ird')).toEqual(['public.odd.name.we"ird']);
    });

    test("it asks once, asks again after a definition, and knows nothing when it cannot ask", async () => {
      const { catalogue, config, permits } = openCatalogue();
      const oid = await oidOf('"Shop".customers');
      const asked = () => server.logged().split("with recursive wanted as").length - 1;
      const before = asked();
      await Promise.all([catalogue.load([oid]), catalogue.load([oid, 0]), catalogue.load([oid])]);
      await catalogue.load([oid]);
      expect(asked() - before).toBe(1);
      expect(permits()).toBe(1);
      await server.sql('alter table "Shop".customers add added int');
      invalidate(config.host, "certainly");
      expect(catalogue.table(oid)).toBeUndefined();
      await catalogue.load([oid]);
      expect([...(catalogue.table(oid)?.columns.values() ?? [])].map(({ name }) => name)).toContain("added");
      await catalogue.load([4_294_967_295]);
      expect(catalogue.table(4_294_967_295)).toBeUndefined();

      const dead = openCatalogue(1).catalogue;
      await dead.load([oid]);
      expect(dead.table(oid)).toBeUndefined();
    });
  });
}
