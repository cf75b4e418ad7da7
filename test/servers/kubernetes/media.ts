import type { Json, JsonObject } from "./json.ts";
import { toProtobuf } from "./protobuf/envelope.ts";
import { ApiError } from "./status.ts";

/** One media range of an Accept header. */
export interface MediaRange {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export type Shape = "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";

/** How an answer is to be written. */
export interface Negotiated {
  readonly format: "json" | "yaml" | "protobuf";
  readonly shape: Shape;
  /** Of meta.k8s.io for Table and PartialObjectMetadata. */
  readonly version: string;
  readonly pretty: boolean;
}

const formats: Readonly<Record<string, "json" | "yaml" | "protobuf">> = {
  "application/json": "json",
  "application/yaml": "yaml",
  "application/vnd.kubernetes.protobuf": "protobuf",
};

export const mediaTypes = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
} as const;

/** The ranges in the order of their weight. */
export function rangesOf(accept: string): MediaRange[] {
  const ranges = accept.split(",").map((part) => {
    const [type = "", ...rest] = part.trim().split(";");
    const parameters = Object.fromEntries(
      rest.map((one) => {
        const [key = "", value = ""] = one.trim().split("=");
        return [key, value];
      }),
    );
    return { type: type.trim().toLowerCase(), parameters };
  });
  const weight = (range: MediaRange) => Number(range.parameters.q ?? 1);
  return ranges.toSorted((a, b) => weight(b) - weight(a));
}

/** 406 where nothing of it can be had. */
export function negotiate(accept: string, pretty: boolean, protobuf: boolean, tables = true): Negotiated {
  for (const { type, parameters } of rangesOf(accept === "" ? "application/json" : accept)) {
    const any = type === "*/*" || type === "application/*";
    const format = any ? "json" : formats[type];
    if (format === undefined || (format === "protobuf" && !protobuf)) continue;
    const shape = parameters.as;
    if (shape === undefined) return { format, shape: "object", version: "v1", pretty };
    const known =
      shape === "Table" || shape === "PartialObjectMetadata" || shape === "PartialObjectMetadataList";
    if (!known || !tables || parameters.g !== "meta.k8s.io") continue;
    if (format === "protobuf" && shape === "Table") continue;
    return { format, shape, version: parameters.v ?? "v1", pretty };
  }
  const types = [
    "application/json",
    "application/yaml",
    ...(protobuf ? ["application/vnd.kubernetes.protobuf"] : []),
  ];
  throw new ApiError(
    406,
    `only the following media types are accepted: ${types.join(", ")}`,
    "NotAcceptable",
  );
}

/** The bytes of an object; JSON where its kind has no protobuf. */
export function written(
  value: Json,
  how: Pick<Negotiated, "format" | "pretty">,
): { type: string; body: Buffer } {
  if (how.format === "protobuf") {
    const body = toProtobuf(value as JsonObject);
    if (body) return { type: mediaTypes.protobuf, body };
  }
  if (how.format === "yaml")
    return { type: mediaTypes.yaml, body: Buffer.from(`${Bun.YAML.stringify(value, null, 2)}\n`) };
  const text = how.pretty ? JSON.stringify(value, null, 2) : `${JSON.stringify(value)}\n`;
  return { type: mediaTypes.json, body: Buffer.from(text) };
}
