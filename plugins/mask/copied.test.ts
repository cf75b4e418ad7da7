import { expect, test } from "bun:test";
import type { GuardedSession, Origin, Stored } from "../../core/plugin.ts";
import { type MaskOptions, mask } from "./index.ts";

const email: Origin = { table: "public.customers", column: "email" };
const body: Origin = { table: "public.notes", column: "body" };
const backup: Origin = { table: "public.customers", column: "email_backup" };

function verdict(stores: readonly Stored[] | "unknown" | undefined, options: Partial<MaskOptions> = {}) {
  const columns = ["customers.email", "customers.email_backup"];
  const watch = mask({ columns, ...options }).open({} as GuardedSession);
  return watch.prepare?.({
    ...{ text: "insert …", actions: [{ effect: "write", on: "public.notes" }] },
    ...{ inTransaction: false, policyVersion: "1" },
    ...(stores === undefined ? {} : { stores }),
  });
}

test("a masked column that is stored where none is masked is refused, and both are told", () => {
  expect(verdict([{ into: [body], from: [body, email] }])).toMatchObject({
    deny: {
      code: "mask.copied",
      message:
        "The statement stores public.customers.email, which is masked, in public.notes.body, which is not.",
    },
  });
  expect(verdict([{ into: [], from: [email] }])).toMatchObject({ deny: { code: "mask.copied" } });
  expect(verdict([{ into: [backup, body], from: [email] }])).toMatchObject({ deny: { code: "mask.copied" } });
  expect(verdict([{ into: [body], from: "unknown" }])).toMatchObject({ deny: { code: "mask.copied" } });
});

test("between masked columns, and of others, anything may be stored", () => {
  expect(verdict([])).toBe("allow");
  expect(verdict([{ into: [backup], from: [email] }])).toBe("allow");
  expect(verdict([{ into: [email], from: "unknown" }])).toBe("allow");
  expect(verdict([{ into: [body], from: [{ table: "public.orders", column: "email" }] }])).toBe("allow");
});

test("a text that nobody can read is left to the right to what is unknown", () => {
  expect(verdict("unknown")).toBe("allow");
  expect(verdict(undefined)).toBe("allow");
});

test("the policy can let it be, and a mask without columns of rows has nothing to ask", () => {
  expect(verdict([{ into: [body], from: [email] }], { copied: "allow" })).toBeUndefined();
  const others = [
    mask({ columns: ["email"], copied: "allow" }),
    mask({ detect: ["email"] }),
    mask({ answers: "document", columns: ["email"] }),
  ];
  for (const other of others) expect(other.open({} as GuardedSession).stores).toBeUndefined();
  expect(mask({ columns: ["email"] }).open({} as GuardedSession).stores).toBeTrue();
});
