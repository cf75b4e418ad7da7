import { isObject, type Json, type JsonObject } from "../json.ts";
import { Writer } from "./wire.ts";

/** An OpenAPI v2 document in gnostic's protobuf (openapi_v2/OpenAPIv2.proto), as far as kubectl reads it. */
export function openApiBytes(document: JsonObject): Buffer {
  const info = isObject(document.info) ? document.info : {};
  const writer = new Writer()
    .bytes(1, String(document.swagger))
    .bytes(2, new Writer().bytes(1, String(info.title)).bytes(2, String(info.version)).done());
  const paths = new Writer();
  for (const [path, item] of Object.entries(isObject(document.paths) ? document.paths : {}))
    paths.bytes(
      2,
      new Writer()
        .bytes(1, path)
        .bytes(2, pathItem(isObject(item) ? item : {}))
        .done(),
    );
  writer.bytes(8, paths.done());
  const definitions = new Writer();
  for (const [name, one] of Object.entries(isObject(document.definitions) ? document.definitions : {}))
    definitions.bytes(1, named(name, schema(isObject(one) ? one : {})));
  return writer.bytes(9, definitions.done()).done();
}

const named = (name: string, value: Buffer) => new Writer().bytes(1, name).bytes(2, value).done();

function pathItem(item: JsonObject): Buffer {
  const writer = new Writer();
  const fields = { put: 3, patch: 8 } as const;
  for (const [verb, field] of Object.entries(fields)) {
    const operation = item[verb];
    if (isObject(operation)) writer.bytes(field, operationBytes(operation));
  }
  return writer.done();
}

function operationBytes(operation: JsonObject): Buffer {
  const writer = new Writer();
  const parameters = operation.parameters;
  for (const one of Array.isArray(parameters) ? parameters : []) {
    // ParametersItem > Parameter > NonBodyParameter > QueryParameterSubSchema.
    const query = new Writer()
      .bytes(2, "query")
      .bytes(4, String(isObject(one) ? one.name : ""))
      .done();
    const nonBody = new Writer().bytes(3, query).done();
    writer.bytes(8, new Writer().bytes(1, new Writer().bytes(2, nonBody).done()).done());
  }
  return extensions(writer, 13, operation).done();
}

/** Vendor extensions: `x-…` with its value in YAML, of which JSON is a part. */
function extensions(writer: Writer, field: number, value: JsonObject): Writer {
  for (const [key, one] of Object.entries(value))
    if (key.startsWith("x-"))
      writer.bytes(field, named(key, new Writer().bytes(2, JSON.stringify(one)).done()));
  return writer;
}

function schema(value: JsonObject): Buffer {
  const writer = new Writer();
  const text = (field: number, key: string) => {
    const one = value[key];
    if (typeof one === "string") writer.bytes(field, one);
  };
  text(1, "$ref");
  text(2, "format");
  text(4, "description");
  for (const key of Array.isArray(value.required) ? value.required : []) writer.bytes(19, String(key));
  const more = value.additionalProperties;
  if (isObject(more)) writer.bytes(21, new Writer().bytes(1, schema(more)).done());
  if (typeof value.type === "string") writer.bytes(22, new Writer().bytes(1, value.type).done());
  const items = value.items;
  if (isObject(items)) writer.bytes(23, new Writer().bytes(1, schema(items)).done());
  const properties = value.properties;
  if (isObject(properties)) {
    const all = new Writer();
    for (const [name, one] of Object.entries(properties)) all.bytes(1, named(name, schema(objectOf(one))));
    writer.bytes(25, all.done());
  }
  return extensions(writer, 31, value).done();
}

const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
