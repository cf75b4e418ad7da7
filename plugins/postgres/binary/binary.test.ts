import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../../test/fuzz.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../../../test/servers/postgres.ts";
import { typeNames } from "../sql/builtins.ts";
import { binaryText, typeName } from "./index.ts";

/** Expressions whose binary form, as the server sends it, must read as its own text form. */
const values = `
  true | false | null::int4 | 32767::int2 | '-2147483648'::int4 | 9223372036854775807::int8 | 4294967295::oid
  0::numeric | 0.00::numeric | -0.0001::numeric | 12345678901234567890.123456789::numeric | 1e20::numeric | 1e-20::numeric
  10000::numeric | 'NaN'::numeric | 'Infinity'::numeric | '-Infinity'::numeric | 100.10::numeric(10,4) | -99999999.5
  0.1::float4 | 1234.5::float4 | 1.5::float8 | 'NaN'::float8 | '-Infinity'::float4 | 3.4028235e38::float4
  '2024-02-29'::date | '0044-03-15 BC'::date | '0001-01-01'::date | 'infinity'::date | '-infinity'::date | '294276-12-31'::date
  '23:59:59.999999'::time | '24:00'::time | '00:00'::time | '12:34:56.5+05:30'::timetz | '12:00-03'::timetz | '12:00:00+00'::timetz
  '1999-12-31 23:59:59.000001'::timestamp | '0001-01-01 BC'::timestamp | '-infinity'::timestamp | 'infinity'::timestamptz
  '2026-11-22 06:00:00.25+02'::timestamptz | '1969-07-20 20:17:40'::timestamp
  '1 year 2 mons -3 days +04:05:06.789'::interval | '-1 year +2 days'::interval | '0'::interval | '-00:00:00.5'::interval
  '40 hours'::interval | '-2 mons'::interval | '1 day'::interval
  'a''b{},"\\'::text | ''::text | 'å'::varchar | 'ab'::char(4) | 'n'::name | 'x'::"char" | '\\x00ff'::bytea | ''::bytea
  '{"a": [1, null]}'::json | '{"a": [1, null]}'::jsonb | '00112233-4455-6677-8899-aabbccddeeff'::uuid
  '{}'::int4[] | '{1,NULL,-3}'::int4[] | '{{1,2},{3,4}}'::int8[] | '[0:1]={a,b}'::text[] | '{"",NULL,"null","a,b","c\\"d"," "}'::text[]
  array['2024-02-29 00:00'::timestamp] | array[1.50, null]::numeric[] | array['\\x01'::bytea] | '{t,f}'::bool[]
  '[-2:-1][3:3]={{1},{2}}'::int2[]`
  .split(/[|\n]/)
  .map((expression) => expression.trim())
  .filter((expression) => expression !== "");

describe.skipIf(!hasPostgres(15))("binary values", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ version: 15 });
  }, 60_000);
  afterAll(() => server?.close());

  test("read as the server writes them", async () => {
    await server.sql(`create function sent(value anyelement) returns bytea language plpgsql as $$
      declare send regproc := (select typsend from pg_type where oid = pg_typeof(value)); bytes bytea;
      begin execute format('select %s($1)', send) into bytes using value; return bytes; end $$`);
    for (const value of values) {
      const [row] = await server.sql(
        `select pg_typeof(v)::oid, case when v is not null then format('%s', v) end, encode(sent(v), 'hex')
         from (select pg_catalog.set_config('timezone', 'UTC', false)) s, lateral (select ${value} as v) x`,
      );
      const [oid, text, hex] = row ?? [];
      if (text == null) continue;
      const read = binaryText(Number(oid), Buffer.from(hex ?? "", "hex"));
      expect(`${value}: ${read}`).toBe(`${value}: ${text}`);
    }
  });
});

test("anything that is no value of its type is none, and no error", () => {
  fc.assert(
    fc.property(fc.constantFrom(...typeNames.keys()), fc.uint8Array({ maxLength: 40 }), (oid, bytes) => {
      binaryText(oid, Buffer.from(bytes));
    }),
    sampled(2_000),
  );
  for (const [oid, length] of [
    [23, 3],
    [1700, 7],
    [1007, 11],
    [1114, 4],
    [3802, 0],
  ] as const) {
    expect(binaryText(oid, Buffer.alloc(length))).toBeUndefined();
  }
  expect(binaryText(16_999, Buffer.from("x"))).toBeUndefined();
});

test("types by the names that people write", () => {
  expect([0, 23, 1007, 1184, 16_999].map(typeName)).toEqual([
    "",
    "int4",
    "int4[]",
    "timestamptz",
    "oid 16999",
  ]);
});
