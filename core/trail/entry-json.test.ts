import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import type { Entry } from "./entry.ts";
import { EntryBytes } from "./entry-bytes.ts";
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

const plainEnding = fc.record({
  result: endings.result,
  code: maybe(fc.constantFrom("200", "57014", "policy.denied", "trail.late")),
  rows: maybe(fc.nat()),
  bytes: maybe(fc.nat()),
});

test("says of an entry exactly what JSON.stringify says", () => {
  fc.assert(
    fc.property(fc.oneof(fc.record(operationFields), fc.record(outcomeFields)), (any) => {
      const entry = JSON.parse(JSON.stringify(any)) as Entry;
      expect(JSON.parse(`{${entryTail(entry)}`)).toEqual(JSON.parse(JSON.stringify(entry)));
    }),
    sampled(2000),
  );
});

test("written straight into bytes it is the same, and takes no more than was said", () => {
  const into = Buffer.alloc(1 << 16, 0xff);
  const writer = new EntryBytes();
  const number = fc.oneof(
    fc.nat(),
    fc.maxSafeNat(),
    fc.constantFrom(0, 9, 9_999_999, 10_000_000, 99_999_999_999_999),
  );
  const entries = fc.oneof(
    fc.tuple(fc.record(operationFields), fc.constant(true)),
    fc.tuple(fc.record(outcomeFields), fc.constant(false)),
    fc.tuple(fc.record({ ...outcomeFields, op: number, outcome: plainEnding }), fc.constant(false)),
  );
  fc.assert(
    fc.property(entries, number, number, ([any, again], seq, time) => {
      const entry = JSON.parse(JSON.stringify(any)) as Entry;
      // The second time what is the same each time is known.
      for (let times = 0; times < 2; times++) {
        const most = writer.most(entry, again);
        const { code = "0", received } = entry.kind === "outcome" ? entry.outcome : {};
        expect(most === undefined).toBe(received !== undefined || !/^[\w.-]{1,40}$/.test(code));
        if (most === undefined) return;
        const length = writer.write(into, 8, seq, time, entry);
        expect(length).toBeLessThanOrEqual(most);
        expect(JSON.parse(into.toString("utf8", 8, 8 + length))).toEqual({ seq, time, ...entry });
        into.fill(0xff, 0, 8 + length);
      }
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
