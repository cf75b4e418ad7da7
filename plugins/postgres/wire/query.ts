import { frontend } from "./message.ts";
import { BodyReader, malformed } from "./read.ts";
import { formatOf } from "./rows.ts";
import { cstring, int8, int16, int32, message } from "./write.ts";

/** What a caller sends to have statements run: simple query and extended query. */

const statementKind = 0x53;
const portalKind = 0x50;

/** What Describe and Close name. */
export interface Named {
  readonly kind: "statement" | "portal";
  readonly name: string;
}

export function query(text: string): Buffer {
  return message(frontend.query, cstring(text));
}

/** Decodes the body of a Query. */
export function queryText(view: Buffer, start: number, end: number): string {
  const body = new BodyReader(view, start, end, "Query");
  const text = body.string();
  body.done();
  return text;
}

export interface ParseMessage {
  /** "": the unnamed statement. */
  readonly name: string;
  readonly text: string;
  /** Oids; 0: the server infers it. */
  readonly types: readonly number[];
}

export function parse(name: string, text: string, types: readonly number[] = []): Buffer {
  return message(frontend.parse, cstring(name), cstring(text), int16(types.length), ...types.map(int32));
}

/** Decodes the body of a Parse. */
export function parseMessage(view: Buffer, start: number, end: number): ParseMessage {
  const body = new BodyReader(view, start, end, "Parse");
  const name = body.string();
  const text = body.string();
  const types = Array.from({ length: body.uint16() }, () => body.uint32());
  body.done();
  return { name, text, types };
}

export interface BindMessage {
  /** "": the unnamed portal. */
  readonly portal: string;
  readonly statement: string;
  /** One for all, one each, or none: all are text. */
  readonly parameterFormats: readonly ("text" | "binary")[];
  /** Views into the message; null: SQL NULL. */
  readonly parameters: readonly (Buffer | null)[];
  /** As they came: the server tells of one that there is none of. */
  readonly resultFormats: readonly number[];
}

export function bind(
  portal: string,
  statement: string,
  parameters: readonly (Uint8Array | string | null)[] = [],
  resultFormats: readonly ("text" | "binary")[] = [],
): Buffer {
  const values = parameters.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    return [int32(bytes.length), bytes];
  });
  return message(
    frontend.bind,
    cstring(portal),
    cstring(statement),
    int16(parameters.length),
    ...parameters.map((value) => int16(value instanceof Uint8Array ? 1 : 0)),
    int16(parameters.length),
    ...values,
    int16(resultFormats.length),
    ...resultFormats.map((format) => int16(format === "binary" ? 1 : 0)),
  );
}

/** Decodes the body of a Bind. */
export function bindMessage(view: Buffer, start: number, end: number): BindMessage {
  const body = new BodyReader(view, start, end, "Bind");
  const portal = body.string();
  const statement = body.string();
  const parameterFormats: ("text" | "binary")[] = [];
  for (let left = body.uint16(); left > 0; left--) parameterFormats.push(formatOf(body.int16(), "Bind"));
  const count = body.uint16();
  if (parameterFormats.length > 1 && parameterFormats.length !== count) {
    throw malformed("Bind", `${parameterFormats.length} formats for ${count} parameters`);
  }
  const parameters: (Buffer | null)[] = [];
  for (let left = count; left > 0; left--) {
    const length = body.int32();
    parameters.push(length === -1 ? null : body.bytes(length));
  }
  const resultFormats: number[] = [];
  for (let left = body.uint16(); left > 0; left--) resultFormats.push(body.int16());
  body.done();
  return { portal, statement, parameterFormats, parameters, resultFormats };
}

/** Decodes the body of a ParameterDescription: oids. */
export function parameterTypes(view: Buffer, start: number, end: number): readonly number[] {
  const body = new BodyReader(view, start, end, "ParameterDescription");
  const types = Array.from({ length: body.uint16() }, () => body.uint32());
  body.done();
  return types;
}

export function describe(what: Named): Buffer {
  return message(frontend.describe, ...named(what));
}

export function close(what: Named): Buffer {
  return message(frontend.close, ...named(what));
}

function named(what: Named): Buffer[] {
  return [int8(what.kind === "statement" ? statementKind : portalKind), cstring(what.name)];
}

/** Decodes the body of a Describe or Close. */
export function namedMessage(view: Buffer, start: number, end: number): Named {
  const body = new BodyReader(view, start, end, "Describe or Close");
  const kind = body.int8();
  const name = body.string();
  body.done();
  if (kind === statementKind) return { kind: "statement", name };
  if (kind === portalKind) return { kind: "portal", name };
  throw malformed("Describe or Close", "it names neither a statement nor a portal");
}

/** `maxRows` 0: all. */
export function execute(portal: string, maxRows = 0): Buffer {
  return message(frontend.execute, cstring(portal), int32(maxRows));
}

/** Decodes the body of an Execute. */
export function executeMessage(
  view: Buffer,
  start: number,
  end: number,
): { portal: string; maxRows: number } {
  const body = new BodyReader(view, start, end, "Execute");
  const asked = { portal: body.string(), maxRows: body.int32() };
  body.done();
  return asked;
}

export const sync: Uint8Array = message(frontend.sync);
export const flush: Uint8Array = message(frontend.flush);
/** The words are the gateway's own: the server's error quotes them. */
export const copyFail: Uint8Array = message(frontend.copyFail, cstring("stopped by postern"));
export const terminate: Uint8Array = message(frontend.terminate);
