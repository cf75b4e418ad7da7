import { expect, test } from "bun:test";
import { loadPolicy } from "postern/testing";

const policy = await loadPolicy(new URL("./agents.policy.ts", import.meta.url));
const staff = { subject: "alice", groups: ["staff"] };
const owner = { subject: "olga", groups: ["orders-owners"] };
const agentOf = (person: typeof staff) =>
  policy.as({ subject: "planner-7", kind: "machine", actingFor: person }).on("orders");

test("an agent reads what its person may read, under the guardrails of both", async () => {
  expect(await agentOf(staff).runs("select email from customers")).toMatchObject({
    verdict: "allow",
    rules: ["agents read and write and staff"],
    guardrails: ["record", "limit", "mask"],
  });
});

test("what an agent writes waits for a person", async () => {
  expect(await agentOf(staff).runs("insert into notes (text) values ('seen')")).toMatchObject({
    verdict: "hold",
  });
  const alone = policy.as(staff).on("orders");
  expect(await alone.runs("insert into notes (text) values ('seen')")).toMatchObject({ verdict: "allow" });
});

test("an agent may no more than its person, and no more than agents may", async () => {
  const write = "insert into orders (id) values (1)";
  expect((await agentOf(staff).runs(write)).verdict).toBe("deny");
  expect((await agentOf(owner).runs(write)).verdict).toBe("hold");
  const define = "create table staging.a (id int)";
  expect((await policy.as(owner).on("orders").runs(define)).verdict).toBe("allow");
  expect((await agentOf(owner).runs(define)).verdict).toBe("deny");
});

test("an agent of a stranger may nothing", async () => {
  expect((await agentOf({ subject: "eve", groups: [] }).runs("select * from orders")).verdict).toBe("deny");
});
