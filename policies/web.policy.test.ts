import { describe, expect, test } from "bun:test";
import { loadPolicy } from "postern/testing";

const policy = await loadPolicy(new URL("./web.policy.ts", import.meta.url));
const support = policy.as({ subject: "sue", groups: ["support"] });
const owner = policy.as({ subject: "olga", groups: ["owners"] });
const reports = policy.as({ subject: "reports", kind: "machine" });
const graphql = (query: string) => `POST /graphql ${JSON.stringify({ query })}`;

describe("support", () => {
  test("reads, masked", async () => {
    expect(await support.on("shop").runs("GET /api/orders?open=1")).toMatchObject({
      verdict: "allow",
      rules: ["support"],
      guardrails: ["record", "mask"],
    });
    expect((await support.on("shop").runs("POST /api/search")).verdict).toBe("allow");
  });

  test.each([
    "POST /api/orders",
    "DELETE /api/orders/7",
    "GET /api/export",
    "GET /api/export/csv",
    // Servers that do not care for case would take them for the export.
    "GET /API/Export",
    "GET /api/export/",
    "GET /api/orders?_method=DELETE",
    "FROB /api/orders",
  ])("may not: %s", async (text) => {
    expect((await support.on("shop").runs(text)).verdict).toBe("deny");
  });

  test.each([
    ["{ account(id: 7) { name } }", "allow"],
    ['mutation { addNote(text: "seen") { id } }', "allow"],
    ['mutation { a: addNote(text: "seen") { id } setName(id: 7) { id } }', "deny"],
    ["mutation { ...hidden } fragment hidden on Mutation { deleteAccount(id: 7) }", "deny"],
  ])("GraphQL: %s", async (query, verdict) => {
    expect((await support.on("accounts").runs(graphql(query))).verdict).toBe(verdict as "allow");
  });

  test("what is stored under a hash cannot be told, so it does not pass", async () => {
    expect((await support.on("accounts").runs('POST /graphql {"id":"4711"}')).verdict).toBe("deny");
  });
});

test("what owners delete waits for a person", async () => {
  expect((await owner.on("shop").runs("DELETE /api/orders/7")).verdict).toBe("hold");
  expect((await owner.on("shop").runs("PUT /api/orders/7")).verdict).toBe("allow");
  expect((await owner.on("accounts").runs(graphql("mutation { deleteAccount(id: 7) }"))).verdict).toBe(
    "hold",
  );
});

test("reports search and export, and nothing else", async () => {
  const on = reports.on("shop");
  expect((await on.runs("POST /api/search")).verdict).toBe("allow");
  expect((await on.runs("GET /api/export/csv")).verdict).toBe("allow");
  expect((await on.runs("GET /api/orders")).verdict).toBe("deny");
});
