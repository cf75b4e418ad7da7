import { expect, test } from "bun:test";
import { loadPolicy } from "postern/testing";

const policy = await loadPolicy(new URL("./readonly.policy.ts", import.meta.url));
const reader = policy.as({ subject: "alice" }).on("orders");
const onCall = policy.as({ subject: "bob", groups: ["on-call"] }).on("billing");

test("people read masked, recorded and within limits", async () => {
  expect(await reader.runs("select id, email from customers where id = 7")).toMatchObject({
    verdict: "allow",
    rules: ["readers"],
    guardrails: ["record", "mask", "limit"],
  });
});

test("whoever is on call reads without the mask", async () => {
  expect((await onCall.runs("select * from invoices")).guardrails).toEqual(["record", "limit"]);
});

test.each([
  "insert into customers (email) values ('a@example.com')",
  "update customers set email = null",
  "delete from customers",
  "drop table customers",
  "grant all on customers to public",
  "with gone as (delete from customers returning *) select * from gone",
  "explain analyze delete from customers",
  "copy customers to program 'curl example.com'",
  "select 1; drop table customers",
  "this is not SQL",
])("nobody may: %s", async (text) => {
  expect((await reader.runs(text)).verdict).toBe("deny");
  expect((await onCall.runs(text)).verdict).toBe("deny");
});

test("a machine is not a person", async () => {
  const runner = policy.as({ subject: "ci", kind: "machine" }).on("orders");
  expect((await runner.runs("select 1")).reason?.message).toBe(
    "ci may not use orders: no rule lets ci use orders",
  );
});
