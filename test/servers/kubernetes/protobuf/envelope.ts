import type { JsonObject, KubeObject } from "../json.ts";
import { textAt } from "../json.ts";
import { decode, encode, messageOf } from "./messages.ts";
import { fieldsOf, Writer } from "./wire.ts";

/** Before every object in protobuf: `k8s` and a zero byte (apimachinery, runtime/serializer/protobuf). */
const magic = Buffer.from("k8s\0");

/** An object as `runtime.Unknown` after the magic; undefined where its kind has no message. */
export function toProtobuf(object: JsonObject): Buffer | undefined {
  const [apiVersion, kind] = [textAt(object, "apiVersion"), textAt(object, "kind")];
  const message = kind === "Status" ? "meta.v1.Status" : messageOf(apiVersion, kind);
  if (message === undefined) return undefined;
  const type = new Writer().bytes(1, apiVersion).bytes(2, kind).done();
  const unknown = new Writer()
    .bytes(1, type)
    .bytes(2, encode(message, object))
    .bytes(3, "")
    .bytes(4, "")
    .done();
  return Buffer.concat([magic, unknown]);
}

/** The object in a protobuf body; a RangeError where it is none, undefined where its kind is not known. */
export function fromProtobuf(body: Buffer): KubeObject | undefined {
  if (!body.subarray(0, 4).equals(magic))
    throw new RangeError("provided data does not appear to be a protobuf message");
  const parts = new Map(fieldsOf(body.subarray(4)).map((one) => [one.field, one.value]));
  const raw = parts.get(1);
  const type = new Map(
    Buffer.isBuffer(raw) ? fieldsOf(raw).map((one) => [one.field, String(one.value)]) : [],
  );
  const apiVersion = type.get(1) ?? "";
  const kind = type.get(2) ?? "";
  const message = kind === "Status" ? "meta.v1.Status" : messageOf(apiVersion, kind);
  const content = parts.get(2);
  if (message === undefined) return undefined;
  const object = decode(message, Buffer.isBuffer(content) ? content : Buffer.alloc(0));
  return { ...object, apiVersion, kind, metadata: (object.metadata as JsonObject) ?? {} };
}

/** One event of a watch: its length in four bytes, then a `WatchEvent` whose object is raw. */
export function watchFrame(type: string, object: Buffer): Buffer {
  const event = new Writer().bytes(1, type).bytes(2, new Writer().bytes(1, object).done()).done();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}
