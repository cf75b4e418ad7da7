import { PosternError } from "./error.ts";
import type { Answer, Column, RowFilter } from "./guardrail.ts";
import type { Outcome, Reason } from "./operation.ts";

/** What stands in the place of a text that a failed guardrail should have seen. */
const withheldText = "[withheld]";

/**
 * Several guardrails' interest in one answer, as one. `answers` is outermost first; an answer passes
 * the innermost first. A guardrail that throws anything but a PosternError withholds what it should
 * have seen and ends the session through `failed`.
 */
export function composeAnswers(
  answers: readonly Answer[],
  failed: (reason: Reason) => void,
): Answer | undefined {
  if (answers.length === 0) return undefined;
  const inward = answers.toReversed();
  const guard = <T>(act: () => T, instead: T): T => {
    try {
      return act();
    } catch (error) {
      if (error instanceof PosternError) throw error;
      failed(guardrailFailed(error));
      return instead;
    }
  };
  const composed: Omit<Answer, "deadline" | "intake"> = {};
  const withRows = inward.filter((answer) => answer.rows);
  if (withRows.length > 0) {
    composed.rows = (columns) =>
      guard(
        () =>
          composeFilters(
            withRows.map((answer) => said(answer.rows?.(columns))),
            columns,
            failed,
          ),
        "withhold",
      );
  }
  const withDocument = inward.filter((answer) => answer.document);
  if (withDocument.length > 0) {
    composed.document = (type, value) =>
      guard(() => withDocument.reduce((now, answer) => answer.document?.(type, now), value), null);
  }
  const withText = inward.filter((answer) => answer.text);
  if (withText.length > 0) {
    composed.text = (kind, text, code, source) =>
      guard(
        () => withText.reduce((now, answer) => answer.text?.(kind, now, code, source) ?? withheldText, text),
        withheldText,
      );
  }
  const withStream = inward.filter((answer) => answer.stream);
  if (withStream.length > 0) {
    composed.stream = (chunk) =>
      guard(() => {
        let now: typeof chunk | undefined = chunk;
        for (const answer of withStream) if (now) now = answer.stream?.(now);
        return now;
      }, undefined);
  }
  const withReceived = answers.filter((answer) => answer.received);
  if (withReceived.length > 0) {
    composed.received = (bytes) =>
      guard(() => {
        for (const answer of withReceived) answer.received?.(bytes);
      }, undefined);
  }
  const withEnd = inward.filter((answer) => answer.end);
  if (withEnd.length > 0) {
    composed.end = (outcome: Outcome) =>
      guard(() => {
        for (const answer of withEnd) answer.end?.(outcome);
      }, undefined);
  }
  const deadlines = answers.flatMap((answer) => answer.deadline ?? []);
  const earliest = deadlines.toSorted((a, b) => a.after - b.after)[0];
  const smallest = answers.flatMap((answer) => answer.intake ?? []).toSorted((a, b) => a.most - b.most)[0];
  if (earliest === undefined && smallest === undefined) return composed;
  return {
    ...composed,
    ...(earliest ? { deadline: earliest } : {}),
    ...(smallest ? { intake: smallest } : {}),
  };
}

export function guardrailFailed(error: unknown): Reason {
  const what = error instanceof Error ? error.name : "a value that is no error";
  return {
    code: "guardrail.failed",
    message: `A guardrail failed (${what}), so nothing further passes.`,
    hint: "The gateway's log has the details.",
  };
}

type Rows = "clear" | "withhold" | RowFilter;

/** A plugin that no type checker has seen may say anything; only the word itself clears an answer. */
function said(rows: Rows | undefined): Rows {
  if (rows === "clear" || rows === "withhold" || (typeof rows === "object" && rows !== null)) return rows;
  throw new TypeError("rows() returned neither clear, withhold nor a filter");
}

/** `verdicts` innermost first. */
function composeFilters(
  verdicts: readonly Rows[],
  columns: readonly Column[],
  failed: (reason: Reason) => void,
): Rows {
  if (verdicts.includes("withhold")) return "withhold";
  const filters = verdicts.filter((verdict) => typeof verdict === "object");
  if (filters.length === 0) return "clear";
  const byColumn = columns.map((_, index) => filters.filter((filter) => filter.columns.includes(index)));
  const rowHooks = filters.filter((filter) => filter.row);
  let broken = false;
  const filter: RowFilter = {
    columns: columns.flatMap((_, index) => (byColumn[index]?.length ? index : [])),
    always: columns.flatMap((_, index) => {
      const [only, ...others] = byColumn[index] ?? [];
      return others.length === 0 && only?.always?.includes(index) ? index : [];
    }),
    show(column, bytes, start, end) {
      // The rows that have arrived with it are still asked for.
      if (broken) return null;
      try {
        return shownBy(byColumn[column] ?? [], column, bytes, start, end);
      } catch (error) {
        if (error instanceof PosternError) throw error;
        broken = true;
        failed(guardrailFailed(error));
        return null;
      }
    },
  };
  if (rowHooks.length === 0) return filter;
  return {
    ...filter,
    row() {
      for (const each of rowHooks) each.row?.();
    },
  };
}

/** One after the other; each sees what the one before it shows. */
function shownBy(
  filters: readonly RowFilter[],
  column: number,
  bytes: Buffer,
  start: number,
  end: number,
): Uint8Array | null | undefined {
  let now: Buffer | undefined;
  for (let index = 0; index < filters.length; index++) {
    const each = filters[index] as RowFilter;
    const shown =
      now === undefined ? each.show(column, bytes, start, end) : each.show(column, now, 0, now.length);
    if (shown === undefined) continue;
    if (shown === null) return null;
    // The bytes it was given have other cells around the one that it was asked about.
    if (!(shown instanceof Uint8Array) || shown === bytes) throw new TypeError("show() returned no cell");
    if (index + 1 === filters.length) return shown;
    now = Buffer.from(shown);
  }
  return now;
}
