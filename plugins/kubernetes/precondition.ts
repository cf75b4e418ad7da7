import { readJson } from "./pods/index.ts";

/**
 * A patch that only applies to the very object that the cluster's dry run showed: where somebody has changed it since,
 * the cluster answers 409 (meta/v1, ObjectMeta.resourceVersion). undefined: it cannot be given one.
 */
export function onlyOn(version: string, body: Uint8Array, contentType: string): Uint8Array | undefined {
  const read = readJson(body);
  if ("doubt" in read) return undefined;
  switch (contentType) {
    case "application/json-patch+json":
      if (!Array.isArray(read.value)) return undefined;
      return encoded([{ op: "test", path: "/metadata/resourceVersion", value: version }, ...read.value]);
    case "application/merge-patch+json":
    case "application/strategic-merge-patch+json":
    case "application/apply-patch+yaml":
      return inMetadata(version, read.value);
    default:
      return undefined;
  }
}

function inMetadata(version: string, patch: unknown): Uint8Array | undefined {
  if (!isPlain(patch)) return undefined;
  const { metadata = {} } = patch;
  if (!isPlain(metadata)) return undefined;
  // Whatever the caller wrote there, the dry run went through with it: it is this version, or it asks for none ("", null).
  return encoded({ ...patch, metadata: { ...metadata, resourceVersion: version } });
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function encoded(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
