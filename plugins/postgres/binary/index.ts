import { typeNames } from "../sql/builtins.ts";
import { arrayText } from "./array.ts";
import { dateText, intervalText, timestampText, timestamptzText, timeText, timetzText } from "./moment.ts";
import { floatText, numericText } from "./number.ts";

/** Reads the binary form that a type's send function makes; undefined: it is none. */
type Reader = (value: Buffer) => string | undefined;

/** By oid (pg_type.dat): types whose binary form is told as the server would write it, in UTC. */
const readers: ReadonlyMap<number, Reader> = new Map([
  [16, sized(1, (value) => (value[0] === 0 ? "f" : "t"))],
  [17, (value) => `\\x${value.toString("hex")}`],
  [20, sized(8, (value) => value.readBigInt64BE().toString())],
  [21, sized(2, (value) => value.readInt16BE().toString())],
  [23, sized(4, (value) => value.readInt32BE().toString())],
  ...[26, 28].map((oid) => [oid, sized(4, (value) => value.readUInt32BE().toString())] as const),
  // char, name, text, json, xml, unknown, bpchar, varchar
  ...[18, 19, 25, 114, 142, 705, 1042, 1043].map((oid) => [oid, utf8] as const),
  [700, sized(4, (value) => floatText(value.readFloatBE()))],
  [701, sized(8, (value) => value.readDoubleBE().toString())],
  [1082, sized(4, dateText)],
  [1083, sized(8, timeText)],
  [1114, sized(8, timestampText)],
  [1184, sized(8, timestamptzText)],
  [1186, sized(16, intervalText)],
  [1266, sized(12, timetzText)],
  [1700, numericText],
  [2950, sized(16, uuidText)],
  [3802, (value) => (value[0] === 1 ? utf8(value.subarray(1)) : undefined)],
]);

/** Element types by the oid of their array type: `_int4` is the array of `int4`. */
const elements: ReadonlyMap<number, number> = (() => {
  const oids = new Map([...typeNames].map(([oid, name]) => [name, oid]));
  return new Map(
    [...typeNames].flatMap(([oid, name]) => {
      const element = name.startsWith("_") ? oids.get(name.slice(1)) : undefined;
      return element === undefined ? [] : [[oid, element] as const];
    }),
  );
})();

/** The text form of a binary value; undefined: the type is not known here, or this is no value of it. */
export function binaryText(oid: number, value: Buffer): string | undefined {
  const element = elements.get(oid);
  if (element === undefined) return readers.get(oid)?.(value);
  const read = readers.get(element);
  return read && arrayText(element, value, read);
}

/** A type as people write it: `int4`, `int4[]`; `oid 16999` for one of the database's own, "" where none was named. */
export function typeName(oid: number): string {
  if (oid === 0) return "";
  const name = typeNames.get(oid);
  if (name === undefined) return `oid ${oid}`;
  return elements.has(oid) ? `${name.slice(1)}[]` : name;
}

function sized(length: number, read: Reader): Reader {
  return (value) => (value.length === length ? read(value) : undefined);
}

function utf8(value: Buffer): string {
  return value.toString("utf8");
}

function uuidText(value: Buffer): string {
  return value.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
