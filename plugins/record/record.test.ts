import { describe, expect, test } from "bun:test";
import type { GuardedSession, Operation, Recording } from "../../core/plugin.ts";
import { record } from "./index.ts";

const update: Operation = {
  text: "update t set a = $1 where b = 'x'",
  actions: [{ effect: "write", on: "t" }],
  inTransaction: true,
  policyVersion: "1",
  parameters: { length: 3, at: (index) => ["seen", new Uint8Array([0xde, 0xad]), null][index] ?? null },
};

/** A recording that keeps everything in memory; while it is behind, it makes its writers wait. */
function keep() {
  const written: unknown[] = [];
  const behind: { promise?: Promise<void> } = {};
  const again = { count: 0 };
  const recording: Recording = {
    id: "rec_1",
    event: (kind, data) => {
      written.push([kind, data]);
      return behind.promise;
    },
    again: (beginning, rest, length) => {
      const { name, data } = beginning.with(rest, length);
      written.push([name, data]);
      again.count += 1;
      return behind.promise;
    },
    bytes: (data) => {
      written.push(Buffer.from(data).toString());
      return behind.promise;
    },
  };
  const session: GuardedSession = {
    id: "ses_1",
    identity: { issuer: "i", subject: "alice", kind: "person", groups: [] },
    resource: "orders",
    protocol: "rows",
    recording: () => recording,
    counter: () => ({ value: 0, since: 0 }),
    end: () => {},
  };
  return { written, behind, again, session };
}
const bytes = (text: string) => Buffer.from(text);

test("keeps operations with their parameters and the bytes that leave, in order", () => {
  const { written, session } = keep();
  const watch = record().open(session);
  expect(watch.operation?.(update)).toBe("allow");
  watch.wire?.(bytes("UPDATE 1"));
  expect(written).toEqual([
    [
      "operation",
      {
        text: update.text,
        actions: update.actions,
        parameters: ["seen", "\\xdead", null],
        inTransaction: true,
      },
    ],
    "UPDATE 1",
  ]);
});

test("keeps what was refused before anybody was asked, with the reason's code", () => {
  const { written, session } = keep();
  record().open(session).refused?.(update, { code: "policy.denied", message: "no" });
  expect(written).toMatchObject([["operation", { text: update.text, refused: "policy.denied" }]]);
});

test("an operation waits for a recorder that is behind, and bytes do", async () => {
  const { behind, session } = keep();
  const caught = Promise.withResolvers<void>();
  behind.promise = caught.promise;
  const watch = record().open(session);
  const verdict = watch.operation?.(update);
  const wire = watch.wire?.(bytes("x"));
  expect([verdict, wire].every((waiting) => waiting instanceof Promise)).toBe(true);
  caught.resolve();
  expect(await verdict).toBe("allow");
  await wire;
});

test("redacted statements have no literal and no parameter, here and in the trail", () => {
  const { written, session } = keep();
  const guardrail = record({ statements: "redact" });
  expect(guardrail.redact?.(update.text)).toBe("update t set a = $1 where b = '?'");
  guardrail.open(session).operation?.({ ...update, batch: [update] });
  expect(JSON.stringify(written)).not.toMatch(/seen|dead|'x'/);
  expect(record().redact).toBeUndefined();
});

test("answers stop at their limit, in the middle of a chunk, and say so once", () => {
  const { written, session } = keep();
  const watch = record({ answers: "4B" }).open(session);
  for (const chunk of ["abc", "def", "ghi"]) watch.wire?.(bytes(chunk));
  expect(written).toEqual(["abc", "d", ["cut", { after: 4 }]]);
});

test("a limit that a chunk meets exactly cuts nothing until more comes", () => {
  const { written, session } = keep();
  const watch = record({ answers: "3B" }).open(session);
  watch.wire?.(bytes("abc"));
  expect(written).toEqual(["abc"]);
});

test("without answers the bytes on the wire are not asked for", () => {
  const guardrail = record({ answers: "none" });
  expect(guardrail.needs).toEqual(["operation"]);
  expect(guardrail.open(keep().session).wire).toBeUndefined();
});

test("long statements and values are cut, and marked", () => {
  const { written, session } = keep();
  const parameters = { length: 2_000, at: () => "x".repeat(5_000) };
  record()
    .open(session)
    .operation?.({ ...update, text: "y".repeat(70_000), parameters });
  const [, event] = written[0] as [string, { text: string; parameters: string[]; cut?: true }];
  expect([event.text.length, event.parameters.length, event.parameters[0]?.length]).toEqual([
    65_536, 1_000, 4_096,
  ]);
  expect(event.cut).toBe(true);
});

test("a recording that cannot be opened keeps the session from opening", () => {
  const { session } = keep();
  const dead = {
    ...session,
    recording: () => {
      throw new Error("the recorder is dead");
    },
  };
  expect(() => record().open(dead)).toThrow(/dead/);
});

test("of whole bodies size and hash are kept, and the bodies where the operator says so", () => {
  const parameters = {
    length: 2,
    bodies: 1,
    at: (index: number) => ["secret body", "X-Field: 1"][index] ?? null,
  };
  for (const [options, first] of [
    [{}, "(11 bytes, sha256 "],
    [{ bodies: "keep" }, "secret body"],
  ] as const) {
    const { session, written } = keep();
    record(options)
      .open(session)
      .operation?.({ ...update, parameters });
    const [, event] = written[0] as [string, { parameters: string[] }];
    expect(event.parameters[0]).toStartWith(first);
    expect(event.parameters[1]).toBe("X-Field: 1");
  }
});

describe("operations that come again", () => {
  const actions = [{ effect: "read", on: "public.t" }] as const;
  const bound = (list: string): NonNullable<Operation["parameters"]> => ({
    length: 1,
    at: () => "asked for",
    list: (into, at) => at + into.write(list, at),
  });
  const read: Operation = { text: "select a from t", actions, inTransaction: false, policyVersion: "1" };

  function recorded(options: Parameters<typeof record>[0], operations: readonly Operation[]) {
    const kept = keep();
    const watch = record(options).open(kept.session);
    for (const operation of operations) expect(watch.operation?.(operation)).toBe("allow");
    return { events: kept.written, again: kept.again.count };
  }

  test("are told by what is new of them, from the third on", () => {
    const texts = ["select 1", "select 2", 'select 3 as "é\n"', "select 4", "select 4", "select 4"];
    const asked = texts.map((text) => ({ ...read, text }));
    const { events, again } = recorded({}, asked);
    expect(events).toEqual(texts.map((text) => ["operation", { text, actions }]));
    expect(again).toBe(4);
  });

  test("with their values, and inside a transaction", () => {
    const asked = ['["1"]', '["2",null]', '["3"]', "[]"].map((list) => ({
      ...read,
      parameters: bound(list),
    }));
    const { events } = recorded({}, [...asked, { ...(asked[0] as Operation), inTransaction: true }]);
    expect(events.slice(2)).toEqual([
      ["operation", { text: read.text, actions, parameters: ["3"] }],
      ["operation", { text: read.text, actions, parameters: [] }],
      ["operation", { text: read.text, actions, parameters: ["1"], inTransaction: true }],
    ]);
  });

  test("are told one by one where the values need another way, the text is long, or they are a batch", () => {
    const other = { ...read, parameters: { ...bound(""), list: () => -1 } };
    const long = { ...read, text: `select '${"x".repeat(3000)}'` };
    const batch = { ...read, batch: [read] };
    const none = { ...read, parameters: { length: 1, at: () => "asked for" } };
    for (const one of [other, long, batch, none]) {
      const { events, again } = recorded({}, [one, one, one, one]);
      expect(again).toBe(0);
      expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(1);
    }
    const { events } = recorded({}, [other, other, other]);
    expect(events[2]).toEqual(["operation", { text: read.text, actions, parameters: ["asked for"] }]);
  });

  test("keep no literal where statements are redacted", () => {
    const asked = ["'one'", "'two'", "'two'", "'two'"].map((literal) => ({
      ...read,
      text: `select ${literal}`,
      parameters: bound('["hidden"]'),
    }));
    const { events, again } = recorded({ statements: "redact" }, asked);
    expect(again).toBe(2);
    expect(new Set(events.map((event) => JSON.stringify(event)))).toEqual(
      new Set([JSON.stringify(events[3])]).add(JSON.stringify(events[0])),
    );
    expect(JSON.stringify(events)).not.toMatch(/one|two|hidden/);
  });

  test("an expansion of what must be escaped that does not fit is told as a whole", () => {
    const control = { ...read, text: `select '${"\u0001".repeat(2000)}'` };
    const asked = [read, read, control, control, control];
    const { events } = recorded({}, asked);
    expect(events.slice(2).map((event) => (event as [string, { text: string }])[1].text)).toEqual([
      control.text,
      control.text,
      control.text,
    ]);
  });
});
