import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import type { Entry } from "./entry.ts";
import { entryTail } from "./entry-json.ts";

const session = "ses_01j9x8k2mh";
const action = fc.record({ effect: fc.constantFrom("read", "write"), on: fc.string({ unit: "binary" }) });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

type Of<K extends Entry["kind"]> = Extract<Entry, { kind: K }>;
/** A field that the type gains is missing here until it is written: the compiler says so. */
type Fields<E> = { [Field in keyof Required<E>]: fc.Arbitrary<unknown> };

const operationFields: Fields<Of<"operation">> = {
  kind: fc.constant("operation"),
  session: fc.constant(session),
  text: fc.string({ unit: "binary" }),
  actions: fc.array(action, { maxLength: 3 }),
  rules: fc.array(fc.string({ unit: "binary" }), { maxLength: 3 }),
  policy: fc.constant("0123456789ab"),
  whole: maybe(fc.record({ sha256: fc.string(), bytes: fc.nat() })),
  hold: maybe(fc.constant("hold_1")),
  batch: maybe(fc.nat()),
};
const endings: Fields<Of<"outcome">["outcome"]> = {
  result: fc.constantFrom("ok", "error", "cancelled", "unknown"),
  code: maybe(fc.string()),
  rows: maybe(fc.nat()),
  bytes: maybe(fc.nat()),
  received: maybe(fc.record({ bytes: fc.nat(), sha256: fc.string() })),
};
const outcomeFields: Fields<Of<"outcome">> = {
  kind: fc.constant("outcome"),
  session: fc.constant(session),
  op: fc.nat(),
  outcome: fc.record(endings),
  ms: fc.nat().map((us) => us / 1000),
};

test("says of an entry exactly what JSON.stringify says", () => {
  fc.assert(
    fc.property(fc.oneof(fc.record(operationFields), fc.record(outcomeFields)), (any) => {
      const entry = JSON.parse(JSON.stringify(any)) as Entry;
      expect(JSON.parse(`{${entryTail(entry)}`)).toEqual(JSON.parse(JSON.stringify(entry)));
    }),
    sampled(2000),
  );
});

test("a list that entries share is told in each", () => {
  const actions = [{ effect: "read", on: "public.t" }] as const;
  const rules = ["readers"];
  const entry = (text: string): Entry => ({ kind: "operation", session, text, actions, rules, policy: "p" });
  expect(`{${entryTail(entry("a"))}`).toBe(JSON.stringify(entry("a")));
  expect(`{${entryTail(entry("b"))}`).toBe(JSON.stringify(entry("b")));
});
