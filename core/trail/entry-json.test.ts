import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import type { Entry } from "./entry.ts";
import { entryJson } from "./entry-json.ts";

const session = "ses_01j9x8k2mh";
const action = fc.record({ effect: fc.constantFrom("read", "write"), on: fc.string({ unit: "binary" }) });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const operation = fc.record({
  kind: fc.constant("operation"),
  session: fc.constant(session),
  text: fc.string({ unit: "binary" }),
  actions: fc.array(action, { maxLength: 3 }),
  rules: fc.array(fc.string({ unit: "binary" }), { maxLength: 3 }),
  policy: fc.constant("0123456789ab"),
  whole: maybe(fc.record({ sha256: fc.string(), bytes: fc.nat() })),
  hold: maybe(fc.constant("hold_1")),
  batch: maybe(fc.nat()),
});
const outcome = fc.record({
  kind: fc.constant("outcome"),
  session: fc.constant(session),
  op: fc.nat(),
  outcome: fc.record({
    result: fc.constantFrom("ok", "error", "cancelled", "unknown"),
    code: maybe(fc.string()),
    rows: maybe(fc.nat()),
    bytes: maybe(fc.nat()),
    received: maybe(fc.record({ bytes: fc.nat(), sha256: fc.string() })),
  }),
  ms: fc.nat().map((us) => us / 1000),
});

test("says of an entry exactly what JSON.stringify says", () => {
  fc.assert(
    fc.property(fc.oneof(operation, outcome), (any) => {
      const entry = JSON.parse(JSON.stringify(any)) as Entry;
      expect(JSON.parse(entryJson(entry))).toEqual(JSON.parse(JSON.stringify(entry)));
    }),
    sampled(2000),
  );
});

test("a list that entries share is told in each", () => {
  const actions = [{ effect: "read", on: "public.t" }] as const;
  const rules = ["readers"];
  const entry = (text: string): Entry => ({ kind: "operation", session, text, actions, rules, policy: "p" });
  expect(entryJson(entry("a"))).toBe(JSON.stringify(entry("a")));
  expect(entryJson(entry("b"))).toBe(JSON.stringify(entry("b")));
});
