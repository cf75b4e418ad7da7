import { describe, expect, test } from "bun:test";
import { composeAnswers } from "./answers.ts";
import { PosternError } from "./error.ts";
import type { Answer, Column, RowFilter } from "./guardrail.ts";
import type { Reason } from "./operation.ts";

const columns: Column[] = ["id", "email"].map((name) => ({
  name,
  type: "text",
  holdsText: true,
  format: "text",
  origins: [{ column: name }],
}));
const bytes = (text: string) => Buffer.from(text);
const text = (value: Uint8Array | null | undefined) => (value ? new TextDecoder().decode(value) : null);

function tag(mark: string, ...only: number[]): Answer {
  return {
    rows: () => ({
      columns: only,
      show: (_, value, start, end) => bytes(value.toString("utf8", start, end) + mark),
    }),
    text: (_, message) => message + mark,
  };
}

function composed(answers: readonly Answer[]): { answer: Answer; failures: Reason[] } {
  const failures: Reason[] = [];
  const answer = composeAnswers(answers, (reason) => failures.push(reason));
  if (!answer) throw new Error("nothing was composed");
  return { answer, failures };
}

function filterOf(answer: Answer): RowFilter {
  const filter = answer.rows?.(columns);
  if (typeof filter !== "object") throw new Error(`no filter: ${filter}`);
  return filter;
}

describe("composeAnswers", () => {
  test("nobody asked: undefined, so the answer stays opaque", () => {
    expect(composeAnswers([], () => {})).toBeUndefined();
  });

  test("what nobody wants is not there to be decoded", () => {
    const { answer } = composed([{ text: (_, message) => message }]);
    expect(answer.rows).toBeUndefined();
    expect(answer.stream).toBeUndefined();
  });

  test("the outermost sees the answer last, and only its own columns", () => {
    const { answer } = composed([tag("-outer", 0, 1), tag("-inner", 1)]);
    const filter = filterOf(answer);
    expect(filter.columns).toEqual([0, 1]);
    expect(text(filter.show(0, bytes("x"), 0, 1))).toBe("x-outer");
    expect(text(filter.show(1, bytes("x"), 0, 1))).toBe("x-inner-outer");
    expect(answer.text?.("error", "x")).toBe("x-inner-outer");
  });

  test("a column always shows the same only where nobody else looks at it", () => {
    const same = (...only: number[]): Answer => ({
      rows: () => ({ columns: only, always: only, show: () => bytes("****") }),
    });
    expect(filterOf(composed([same(0, 1)]).answer).always).toEqual([0, 1]);
    expect(filterOf(composed([tag("-outer", 1), same(0, 1)]).answer).always).toEqual([0]);
    expect(filterOf(composed([same(0), same(0)]).answer).always).toEqual([]);
    expect(filterOf(composed([tag("-only", 0)]).answer).always).toEqual([]);
  });

  test.each([undefined, null, "withold", ""])("one that says %p of rows withholds them", (word) => {
    const { answer, failures } = composed([{ rows: () => word as never }]);
    expect(answer.rows?.(columns)).toBe("withhold");
    expect(failures.map(({ code }) => code)).toEqual(["guardrail.failed"]);
  });

  test("one that withholds wins over one that masks; all clear stays clear", () => {
    expect(composed([tag("-", 0), { rows: () => "withhold" }]).answer.rows?.(columns)).toBe("withhold");
    expect(composed([{ rows: () => "clear" }]).answer.rows?.(columns)).toBe("clear");
  });

  test("NULL of an inner one is final", () => {
    const nothing: Answer = { rows: () => ({ columns: [1], show: () => null }) };
    expect(filterOf(composed([tag("-", 1), nothing]).answer).show(1, bytes("x"), 0, 1)).toBeNull();
  });

  test("the earliest deadline counts", () => {
    const reason = { code: "limit.statement-time", message: "Too long." };
    const { answer } = composed([{ deadline: { after: 20, reason } }, { deadline: { after: 10, reason } }]);
    expect(answer.deadline?.after).toBe(10);
  });

  test("a guardrail that throws withholds and ends the session; nothing it saw leaves", () => {
    const fail = () => {
      throw new TypeError("hunter2");
    };
    const { answer, failures } = composed([{ rows: fail, text: fail, document: fail, stream: fail }]);
    expect(answer.rows?.(columns)).toBe("withhold");
    expect(answer.text?.("error", "hunter2")).toBe("[withheld]");
    expect(answer.document?.("application/json", "hunter2")).toBeNull();
    expect(answer.stream?.({ direction: "toCaller", channel: "out", bytes: bytes("x") })).toBeUndefined();
    expect(failures).toHaveLength(4);
    expect(JSON.stringify(failures)).not.toContain("hunter2");
    const cells = composed([{ rows: () => ({ columns: [0], show: fail }) }]);
    const broken = filterOf(cells.answer);
    for (let row = 0; row < 3; row++) expect(broken.show(0, bytes("x"), 0, 1)).toBeNull();
    expect(cells.failures).toHaveLength(1);
  });

  test("one that gives the bytes around a cell, or none, shows nothing", () => {
    for (const shown of ["text", false, 0, {}, "the view itself"]) {
      const view = bytes("one two");
      const { answer, failures } = composed([
        { rows: () => ({ columns: [0], show: () => (shown === "the view itself" ? view : shown) as never }) },
      ]);
      expect(filterOf(answer).show(0, view, 0, 3)).toBeNull();
      expect(failures).toHaveLength(1);
    }
  });

  test("of several deadlines the earliest counts, of several intakes the smallest", () => {
    const reason = { code: "limit.test", message: "Enough." };
    const { answer } = composed([
      { deadline: { after: 20, reason }, intake: { most: 5, reason } },
      { deadline: { after: 10, reason }, intake: { most: 9, reason } },
      {},
    ]);
    expect(answer).toEqual({ deadline: { after: 10, reason }, intake: { most: 5, reason } });
  });

  test("a PosternError stops the answer with its own reason", () => {
    const stop: Answer = {
      rows: () => ({
        columns: [],
        show: () => undefined,
        row() {
          throw new PosternError("limit.rows", "Too many.");
        },
      }),
    };
    const { answer, failures } = composed([stop]);
    expect(() => filterOf(answer).row?.()).toThrow("Too many.");
    expect(failures).toEqual([]);
  });
});
