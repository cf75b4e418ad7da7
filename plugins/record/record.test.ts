import { expect, test } from "bun:test";
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
  const recording: Recording = {
    id: "rec_1",
    event: (kind, data) => {
      written.push([kind, data]);
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
  return { written, behind, session };
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
