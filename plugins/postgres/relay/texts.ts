import type { Answer } from "../../../core/plugin.ts";
import { headerSize } from "../wire/message.ts";
import {
  errorFields,
  errorResponse,
  type FieldName,
  noticeResponse,
  type ReportFields,
} from "../wire/report.ts";
import { notification, notificationResponse } from "../wire/session.ts";

/** Fields of an error or notice that may quote data: rows, values, a function's text. */
const free: readonly FieldName[] = ["message", "detail", "hint", "where", "internalQuery"];

type Text = NonNullable<Answer["text"]>;

/** An ErrorResponse or NoticeResponse with its texts as a guardrail lets them; undefined: unchanged. */
export function reportAs(kind: "error" | "notice", fields: ReportFields, text: Text): Buffer | undefined {
  let changed = false;
  const next: { [name in FieldName]?: string } = { ...fields };
  for (const name of free) {
    const value = fields[name];
    if (value === undefined) continue;
    const shown = text(kind, value, fields.code);
    changed ||= shown !== value;
    next[name] = shown;
  }
  if (!changed) return undefined;
  return kind === "error" ? errorResponse(next) : noticeResponse(next);
}

/** A NoticeResponse at `at`; undefined: unchanged. */
export function noticeAs(view: Buffer, at: number, length: number, text: Text): Buffer | undefined {
  return reportAs("notice", errorFields(view, at + headerSize, at + length), text);
}

/** A NotificationResponse at `at`; undefined: unchanged. */
export function notificationAs(view: Buffer, at: number, length: number, text: Text): Buffer | undefined {
  const told = notification(view, at + headerSize, at + length);
  const channel = text("notification", told.channel);
  const payload = text("notification", told.payload);
  if (channel === told.channel && payload === told.payload) return undefined;
  return notificationResponse({ processId: told.processId, channel, payload });
}
