import { int16, int32, message, text } from "../raw.ts";

/** Messages of the extended protocol, and what is none, for callers that do not keep to it. */

export const execute = (portal = "", most = 0) => message("E", text(portal), int32(most));
export const close = (kind: string, name: string) => message("C", Buffer.from(kind), text(name));
export const describe = (kind: string, name: string) => message("D", Buffer.from(kind), text(name));
export const flush = message("H");

/** How many there are, in the two bytes that the protocol has for it. */
const count = ({ length }: readonly unknown[]) => int16(length % 65_536);

export function parse(name: string, sql: string, types: readonly number[] = []): Buffer {
  return message("P", text(name), text(sql), count(types), ...types.map(int32));
}

interface BindParts {
  readonly portal?: string;
  readonly statement?: string;
  readonly formats?: readonly number[];
  readonly values?: readonly (Buffer | null)[];
  readonly results?: readonly number[];
}

export function bind({
  portal = "",
  statement = "",
  formats = [],
  values = [],
  results = [],
}: BindParts = {}) {
  return message(
    "B",
    ...[text(portal), text(statement), count(formats), ...formats.map(int16), count(values)],
    ...values.flatMap((value) => (value === null ? [int32(-1 >>> 0)] : [int32(value.length), value])),
    ...[count(results), ...results.map(int16)],
  );
}

export const utf8 = (value: string) => Buffer.from(value);
export const invalid = Buffer.of(0xc3, 0x28);
export const raw = (type: string, ...parts: (Buffer | string)[]) =>
  message(type, ...parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
