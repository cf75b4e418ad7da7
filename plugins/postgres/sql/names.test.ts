import { expect, test } from "bun:test";
import { classify, loadParser } from "./classify.ts";
import { written } from "./testing/actions.ts";

await loadParser();
const actions = (text: string) => written(classify(text).actions);

test("names that are the same after 63 bytes are one target, however they are written", () => {
  const long = "a".repeat(63);
  for (const name of [long, `${long}b`, `"${long}b"`, `${long}${"c".repeat(500)}`]) {
    expect(actions(`select * from ${name}`)).toBe(`read public.${long}`);
    expect(actions(`select nextval('${name}')`)).toBe(`write public.${long}`);
  }
});

test("a name is cut between two characters", () => {
  const name = `${"a".repeat(62)}é`;
  const cut = "a".repeat(62);
  expect(actions(`select * from "${name}"`)).toBe(`read public.${cut}`);
  expect(actions(`select nextval('"${name}"')`)).toBe(`write public.${cut}`);
});

test("a name of three parts begins with the database", () => {
  expect(actions("select * from shop.sales.orders")).toBe("read sales.orders");
  expect(actions("select shop.pg_catalog.lower('x'), shop.evil.lower('x')")).toBe("execute evil.lower");
});

test("a temporary relation is named by its schema", () => {
  expect(actions("insert into pg_temp.orders select * from pg_temp_3.orders")).toBe(
    "write pg_temp.orders; read pg_temp_3.orders",
  );
});
