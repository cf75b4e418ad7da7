import { isObject, type Json, type JsonObject } from "../json.ts";
import { fixture } from "../schema.ts";
import { fieldsOf, Writer } from "./wire.ts";

/**
 * One field: number, name in JSON, what it is, of which message, and flags: `i` inlined in JSON, `p` optional
 * (written only when set), `r` repeated, `m` a map by text, `w` a list in a message of its own.
 */
type Row = readonly [field: string, name: string, kind: string, message: string, flags: string];

interface Messages {
  /** By `apiVersion kind`. */
  readonly kinds: Readonly<Record<string, string>>;
  readonly messages: Readonly<Record<string, readonly Row[]>>;
}

let loaded: Messages | undefined;

function known(): Messages {
  loaded ??= fixture("protobuf.json.gz") as unknown as Messages;
  return loaded;
}

/** The message of this kind; undefined: it has no protobuf here (custom resources have none at all). */
export function messageOf(apiVersion: string, kind: string): string | undefined {
  const { kinds } = known();
  return (
    kinds[`${apiVersion} ${kind}`] ?? kinds[`${apiVersion.replace(/v\d+(alpha|beta)\d+$/, "v1")} ${kind}`]
  );
}

/** An object as Go holds an empty one: fields that are structs and no pointers are there, as are required lists. */
export function emptyOf(message: string, depth = 0): JsonObject {
  const made: JsonObject = {};
  if (depth > 8) return made;
  for (const [, name, kind, inner, flags] of known().messages[message] ?? []) {
    if (kind === "time" && flags === "") made[name] = null;
    if (kind !== "message" || /[prm]/.test(flags)) continue;
    if (flags.includes("i")) Object.assign(made, emptyOf(inner, depth + 1));
    else made[name] = emptyOf(inner, depth + 1);
  }
  return made;
}

export function encode(message: string, value: JsonObject): Buffer {
  const writer = new Writer();
  for (const row of known().messages[message] ?? []) {
    const [number, name, kind, inner, flags] = row;
    const field = Number(number);
    const one = flags.includes("i") ? value : value[name];
    if (flags.includes("i")) {
      if (!flags.includes("p") || hasAny(inner, value)) writer.bytes(field, encode(inner, value));
    } else if (flags.includes("m")) {
      for (const key of Object.keys(isObject(one) ? one : {}).sort()) {
        const entry = new Writer().bytes(1, key);
        write(entry, 2, kind, inner, (one as JsonObject)[key] ?? "", flags.includes("w"));
        writer.bytes(field, entry.done());
      }
    } else if (flags.includes("r")) {
      if (flags.includes("w")) {
        if (Array.isArray(one)) write(writer, field, kind, inner, one, true);
      } else for (const item of Array.isArray(one) ? one : []) write(writer, field, kind, inner, item);
    } else if (one !== undefined && one !== null) write(writer, field, kind, inner, one);
    else if (!flags.includes("p") && kind !== "raw" && kind !== "bytes")
      write(writer, field, kind, inner, null);
  }
  return writer.done();
}

function hasAny(message: string, value: JsonObject): boolean {
  return (known().messages[message] ?? []).some(([, name]) => name !== "" && value[name] !== undefined);
}

function write(writer: Writer, field: number, kind: string, inner: string, value: Json, list = false): void {
  if (list) {
    const items = new Writer();
    for (const item of Array.isArray(value) ? value : []) write(items, 1, kind, inner, item);
    writer.bytes(field, items.done());
    return;
  }
  switch (kind) {
    case "string":
      writer.bytes(field, value === null ? "" : String(value));
      break;
    case "bool":
      writer.int(field, value === true ? 1 : 0);
      break;
    case "int":
      writer.int(field, BigInt(Math.trunc(Number(value ?? 0))));
      break;
    case "double":
      writer.double(field, Number(value ?? 0));
      break;
    case "bytes":
      writer.bytes(field, Buffer.from(String(value ?? ""), "base64"));
      break;
    case "time":
    case "microtime":
      writer.bytes(field, value === null ? "" : timeOf(String(value)));
      break;
    case "quantity":
      writer.bytes(field, new Writer().bytes(1, String(value ?? "0")).done());
      break;
    case "intstr":
      writer.bytes(field, portOf(value));
      break;
    case "raw":
      writer.bytes(field, new Writer().bytes(1, JSON.stringify(value)).done());
      break;
    default:
      writer.bytes(field, encode(inner, isObject(value) ? value : {}));
  }
}

function timeOf(text: string): Buffer {
  const millis = Date.parse(text);
  return new Writer()
    .int(1, Math.floor(millis / 1000))
    .int(2, (millis % 1000) * 1_000_000)
    .done();
}

function portOf(value: Json): Buffer {
  const text = typeof value === "string";
  return new Writer()
    .int(1, text ? 1 : 0)
    .int(2, text ? 0 : Number(value ?? 0))
    .bytes(3, text ? value : "")
    .done();
}

export function decode(message: string, bytes: Buffer): JsonObject {
  const result: JsonObject = {};
  const rows = new Map((known().messages[message] ?? []).map((row) => [Number(row[0]), row]));
  for (const { field, value } of fieldsOf(bytes)) {
    const row = rows.get(field);
    if (!row) continue;
    const [, name, kind, inner, flags] = row;
    if (flags.includes("i")) Object.assign(result, decode(inner, bufferOf(value)));
    else if (flags.includes("m")) {
      const entry = new Map(fieldsOf(bufferOf(value)).map((one) => [one.field, one.value]));
      const map = isObject(result[name]) ? result[name] : {};
      const content = entry.get(2) ?? Buffer.alloc(0);
      map[bufferOf(entry.get(1) ?? Buffer.alloc(0)).toString()] = flags.includes("w")
        ? fieldsOf(bufferOf(content)).map((one) => read(kind, inner, one.value))
        : read(kind, inner, content);
      result[name] = map;
    } else if (flags.includes("w"))
      result[name] = fieldsOf(bufferOf(value)).map((one) => read(kind, inner, one.value));
    else if (flags.includes("r")) {
      const list = Array.isArray(result[name]) ? result[name] : [];
      list.push(read(kind, inner, value));
      result[name] = list;
    } else {
      const one = read(kind, inner, value);
      if (flags.includes("p") || !isZero(one)) result[name] = one;
      if (kind === "time" && one === null) delete result[name];
    }
  }
  return result;
}

const isZero = (value: Json) => value === "" || value === 0 || value === false || value === null;

function read(kind: string, inner: string, value: bigint | number | Buffer): Json {
  switch (kind) {
    case "string":
      return bufferOf(value).toString();
    case "bool":
      return value !== 0n;
    case "int":
    case "double":
      return Number(value);
    case "bytes":
      return bufferOf(value).toString("base64");
    case "time":
    case "microtime": {
      const parts = new Map(fieldsOf(bufferOf(value)).map((one) => [one.field, Number(one.value)]));
      if (parts.size === 0) return null;
      const text = new Date((parts.get(1) ?? 0) * 1000 + (parts.get(2) ?? 0) / 1e6).toISOString();
      return kind === "time" ? text.replace(/\.\d+Z$/, "Z") : text.replace("Z", "000Z");
    }
    case "quantity":
      return bufferOf(fieldsOf(bufferOf(value))[0]?.value ?? Buffer.alloc(0)).toString();
    case "intstr": {
      const parts = new Map(fieldsOf(bufferOf(value)).map((one) => [one.field, one.value]));
      return parts.get(1) === 1n
        ? bufferOf(parts.get(3) ?? Buffer.alloc(0)).toString()
        : Number(parts.get(2) ?? 0n);
    }
    case "raw":
      return JSON.parse(bufferOf(fieldsOf(bufferOf(value))[0]?.value ?? Buffer.from("null")).toString());
    default:
      return decode(inner, bufferOf(value));
  }
}

function bufferOf(value: bigint | number | Buffer): Buffer {
  if (!Buffer.isBuffer(value)) throw new RangeError("proto: wrong wireType");
  return value;
}
