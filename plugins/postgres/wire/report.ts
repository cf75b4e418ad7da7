import { backend } from "./message.ts";
import { BodyReader } from "./read.ts";
import { cstring, int8, message } from "./write.ts";

/**
 * ErrorResponse and NoticeResponse (PostgreSQL 18, "Error and Notice Message Fields"): one letter a
 * field, its value a string. What a field is called here is what the manual calls it.
 */
const letters = {
  severity: "S",
  severityRaw: "V",
  code: "C",
  message: "M",
  detail: "D",
  hint: "H",
  position: "P",
  internalPosition: "p",
  internalQuery: "q",
  where: "W",
  schema: "s",
  table: "t",
  column: "c",
  dataType: "d",
  constraint: "n",
  file: "F",
  line: "L",
  routine: "R",
} as const;

export type FieldName = keyof typeof letters;

/** The fields by name. `code` is the SQLSTATE; `severityRaw` is never translated. */
export type ReportFields = { readonly [name in FieldName]?: string };

const names = new Map<number, FieldName>(
  (Object.keys(letters) as FieldName[]).map((name) => [letters[name].charCodeAt(0), name]),
);

/** Decodes the body of an ErrorResponse or NoticeResponse. Fields this version does not know are left out. */
export function errorFields(view: Buffer, start: number, end: number): ReportFields {
  const body = new BodyReader(view, start, end, "ErrorResponse");
  const fields: { [name in FieldName]?: string } = {};
  for (let letter = body.int8(); letter !== 0; letter = body.int8()) {
    const value = body.string();
    const name = names.get(letter);
    if (name !== undefined) fields[name] = value;
  }
  body.done();
  return fields;
}

/** `severity` is ERROR unless given; `severityRaw` follows it. */
export function errorResponse(fields: ReportFields): Buffer {
  return report(backend.errorResponse, "ERROR", fields);
}

/** `severity` is NOTICE and `code` 00000 unless given. */
export function noticeResponse(fields: ReportFields): Buffer {
  return report(backend.noticeResponse, "NOTICE", { code: "00000", ...fields });
}

function report(type: number, defaultSeverity: string, fields: ReportFields): Buffer {
  const severity = fields.severity ?? defaultSeverity;
  const whole: ReportFields = { ...fields, severity, severityRaw: fields.severityRaw ?? severity };
  const parts: Buffer[] = [];
  for (const name of Object.keys(letters) as FieldName[]) {
    const value = whole[name];
    if (value !== undefined) parts.push(Buffer.from(letters[name], "latin1"), cstring(value));
  }
  return message(type, ...parts, int8(0));
}
