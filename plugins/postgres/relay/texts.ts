import type { Answer, TextSource } from "../../../core/plugin.ts";
import { headerSize } from "../wire/message.ts";
import { errorFields, type FieldName, noticeResponse, type ReportFields } from "../wire/report.ts";
import { notification, notificationResponse } from "../wire/session.ts";
import { sqlStates } from "../wire/sqlstates.ts";
import { kind, type Owed } from "./owed.ts";

/** What the server says of what the caller wrote, and of the values that it comes upon. */
const told: readonly FieldName[] = ["message", "hint"];
/** Of values only: rows, keys, a function's text. */
const quoted: readonly FieldName[] = ["detail", "where", "internalQuery"];
/** Names of the catalogue, where the server itself speaks: `raise … using column = (select email …)`. */
const named: readonly FieldName[] = ["schema", "table", "column", "dataType", "constraint"];

const raised = "P0001";

type Text = NonNullable<Answer["text"]>;

/** Whether what the server does at the head looks at no value. */
export function looksAtNone({ kind: head, subject }: Owed): boolean {
  if (unrun.has(head)) return true;
  if (subject === undefined || !("statement" in subject)) return false;
  const lineages = subject.statement.detail.lineage();
  return lineages !== undefined && lineages.length > 0 && lineages.every(({ valueless }) => valueless);
}

/**
 * What texts of the answer at the head go through. What does nothing by itself (COMMIT) may end what others began, under
 * whichever rule: it is told as what nobody asked for.
 */
export function textOf({ pass, subject }: Owed, gate: { unasked(): Answer | undefined }): Text | undefined {
  const idle = subject !== undefined && "statement" in subject && subject.statement.actions.length === 0;
  return (pass && !idle ? pass.answer : gate.unasked())?.text;
}

/** Bind is not among them: it plans, and a plan runs functions of constants. */
const unrun: ReadonlySet<number> = new Set([
  kind.parse,
  kind.describeStatement,
  kind.describePortal,
  kind.close,
]);

/**
 * The fields of an ErrorResponse or NoticeResponse with their texts as a guardrail lets them; the same object:
 * unchanged. `valueless`: the statement at hand looks at no value.
 */
export function reportAs(
  what: "error" | "notice",
  fields: ReportFields,
  text: Text,
  valueless: boolean,
): ReportFields {
  const source = sourceOf(fields, valueless);
  const next: { [name in FieldName]?: string } = { ...fields };
  // A function can raise any code, also one made of a value.
  if (source === undefined && fields.code !== undefined && !sqlStates.has(fields.code)) next.code = raised;
  const show = (names: readonly FieldName[], by: TextSource | undefined) => {
    for (const name of names) {
      const value = fields[name];
      if (value !== undefined) next[name] = text(what, value, next.code, by);
    }
  };
  show(told, source);
  show(quoted, source && "server");
  if (source === undefined) {
    show(named, undefined);
    // A place in a text that a function has put together, and so a number of its choice.
    if (fields.internalPosition !== undefined) next.internalPosition = "1";
  }
  const names = Object.keys(next) as FieldName[];
  if (names.every((name) => next[name] === fields[name])) return fields;
  // A hint that says more than that something is withheld stays.
  if (what === "error" && (next.hint === undefined || next.hint === next.message)) next.hint = keptBack;
  return next;
}

/** Of whatever a guardrail keeps back of an error. */
const keptBackCode = "mask.message";
/** Whoever reads `withheld` for the first time knows no reason for it. */
const keptBack =
  `Some of the server's own words are kept back, since they may quote a value that is masked here (${keptBackCode}). ` +
  "The SQLSTATE says what went wrong.";

/**
 * Whose words they are. The server looks for a place (`position`) in the caller's text only while it reads it, before
 * any value; what it finds in a text of a function's it says so (`where`, `internalQuery`), as whatever a function says.
 */
function sourceOf(fields: ReportFields, valueless: boolean): TextSource | undefined {
  const { where, internalQuery, internalPosition, position } = fields;
  if (where !== undefined || internalQuery !== undefined || internalPosition !== undefined) return undefined;
  return position !== undefined || valueless ? "statement" : "server";
}

/** A NoticeResponse at `at`; undefined: unchanged. */
export function noticeAs(
  view: Buffer,
  at: number,
  length: number,
  text: Text,
  valueless: boolean,
): Buffer | undefined {
  const fields = errorFields(view, at + headerSize, at + length);
  const shown = reportAs("notice", fields, text, valueless);
  return shown === fields ? undefined : noticeResponse(shown);
}

/** A NotificationResponse at `at`; undefined: unchanged. */
export function notificationAs(view: Buffer, at: number, length: number, text: Text): Buffer | undefined {
  const told = notification(view, at + headerSize, at + length);
  const channel = text("notification", told.channel);
  const payload = text("notification", told.payload);
  if (channel === told.channel && payload === told.payload) return undefined;
  return notificationResponse({ processId: told.processId, channel, payload });
}
