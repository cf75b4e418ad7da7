import { expect, test } from "bun:test";
import type { GuardedSession, Origin } from "../../core/plugin.ts";
import { type MaskOptions, mask } from "./index.ts";

const session = {} as GuardedSession;

function verdict(predicates: readonly Origin[] | "unknown" | undefined, options: Partial<MaskOptions> = {}) {
  const watch = mask({ columns: ["customers.email"], predicates: "deny", ...options }).open(session);
  return watch.prepare?.({
    ...{ text: "select 1", actions: [{ effect: "read", on: "public.customers" }] },
    ...{ inTransaction: false, policyVersion: "1" },
    ...(predicates === undefined ? {} : { predicates }),
  });
}

test("what asks something of a masked column is refused, and told which", () => {
  expect(verdict([])).toBe("allow");
  expect(verdict([{ table: "public.customers", column: "city" }])).toBe("allow");
  expect(verdict([{ table: "public.orders", column: "email" }])).toBe("allow");
  expect(verdict([{ table: "public.customers", column: "email" }])).toMatchObject({
    deny: { code: "mask.predicate", message: expect.stringContaining("public.customers.email") },
  });
  expect(verdict([{ column: "email" }])).toMatchObject({ deny: { code: "mask.predicate" } });
});

test("so is what nobody can tell, or does not say", () => {
  expect(verdict("unknown")).toMatchObject({ deny: { code: "mask.predicate" } });
  expect(verdict(undefined)).toMatchObject({ deny: { code: "mask.predicate" } });
});

test("nothing is refused unless the policy says so", () => {
  expect(verdict("unknown", { predicates: "allow" })).toBe("allow");
});

test("a mask without columns of rows has no predicates", () => {
  expect(() => mask({ detect: ["email"], predicates: "deny" })).toThrow("no predicates");
  expect(() => mask({ answers: "document", columns: ["email"], predicates: "deny" })).toThrow(
    "no predicates",
  );
});
