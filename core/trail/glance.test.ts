import { afterAll, expect, test } from "bun:test";
import { assert, constantFrom, integer, property, record, string } from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import { hashBytes } from "./chain.ts";
import type { Entry } from "./entry.ts";
import { Glance } from "./glance.ts";
import { follow } from "./read.ts";
import { outcome, TrailRig } from "./trail-rig.ts";

const rig = new TrailRig();
afterAll(() => rig.remove());

function operation(session: string, text: string): Entry {
  return { kind: "operation", session, text, actions: [], rules: [], policy: "p" };
}
const payload = (body: string) => Buffer.concat([Buffer.alloc(hashBytes), Buffer.from(body)]);
const numbered = (entry: object, seq = 7, time = 1_700_000_000_000) =>
  payload(`{"seq":${seq},"time":${time},${JSON.stringify(entry).slice(1)}`);

test("what is told without parsing is what parsing tells", () => {
  const glance = new Glance();
  const ids = string({ unit: constantFrom(...'ab"\\,:{}\u00e9\u{1f600}\n', `"kind":"outcome"`) });
  const made = record({
    session: ids,
    text: string(),
    seq: integer({ min: 1, max: 2 ** 48 }),
    time: integer({ min: 0, max: 2 ** 48 }),
    kind: constantFrom<"operation" | "outcome" | "open">("operation", "outcome", "open"),
  });
  assert(
    property(made, ({ session, text, seq, time, kind }) => {
      const told = glance.read(numbered({ kind, session, text }, seq, time));
      if (!told)
        expect(kind === "open" || JSON.stringify(session) !== `"${session}"` || /[^ -~]/.test(session)).toBe(
          true,
        );
      else expect({ ...glance }).toEqual({ seq, time, kind: kind as "operation", session });
    }),
    sampled(500),
  );
});

test("what is not written as our own writer does is not told", () => {
  const glance = new Glance();
  const good = `{"seq":1,"time":2,"kind":"operation","session":"s"}`;
  expect(glance.read(payload(good))).toBe(true);
  const odd = [
    "",
    ...Array.from(good.slice(0, -1), (_, length) => good.slice(0, length)),
    `{"time":2,"seq":1,"kind":"operation","session":"s"}`,
    `{"seq":1,"time":2,"session":"s","kind":"operation"}`,
    `{"seq":1,"time":2,"kind":"operations","session":"s"}`,
    `{"seq":-1,"time":2,"kind":"operation","session":"s"}`,
    `{"seq":1,"time":2.5,"kind":"operation","session":"s"}`,
    `{"seq":1e3,"time":2,"kind":"operation","session":"s"}`,
    `{"seq":${"1".repeat(20)},"time":2,"kind":"operation","session":"s"}`,
    `{"seq":1,"time":2,"kind":"operation","session":"a\\u0062"}`,
  ];
  // A session id that has ended is told, whatever may come behind it.
  const whole = good.length - 1;
  for (const body of odd)
    expect([body, glance.read(payload(body))]).toEqual([
      body,
      body.length === whole && body === good.slice(0, whole),
    ]);
});

test("a reader glances and parses in any order, and both see the same", async () => {
  const trail = await rig.open("a-s", { segmentBytes: 16 << 10 });
  for (let op = 0; op < 200; op++) {
    // What was held is written as it comes: here, with its session before its kind.
    const held = { session: "ses_2", ...operation("ses_2", `select ${op}`), hold: "hold_1" } as Entry;
    trail.append(op % 3 > 0 ? outcome(op) : op % 2 === 0 ? operation("ses_1", `select ${op}`) : held);
    if (op % 20 === 0) await trail.durable(trail.seq);
  }
  await trail.close();
  const parsed = [...follow(rig.dataDir, "a-s")];
  const reader = follow(rig.dataDir, "a-s");
  for (const [index, entry] of parsed.entries()) {
    if (index % 7 === 0) expect(reader.next()).toEqual(entry);
    else {
      const { seq, time, kind, session } = reader.glance()!;
      const ordinary = entry.kind === "operation" || entry.kind === "outcome";
      expect({ seq, time }).toEqual({ seq: entry.seq, time: entry.time });
      expect({ kind, session }).toEqual(
        ordinary ? { kind: entry.kind, session: entry.session } : { kind: undefined, session },
      );
      expect(reader.parsed).toEqual(entry);
    }
    expect(reader.position.seq).toBe(entry.seq);
  }
  expect(reader.glance()).toBeUndefined();
  expect(reader.stop).toEqual({ at: "end" });
});
