import { age, type Column, columns, name } from "./columns.ts";
import { at, type JsonObject, type KubeObject, numberAt, objectsAt, textAt } from "./json.ts";
import type { Resource } from "./resources.ts";

/** A Table (KEP-347): columns of this kind and a row an object, each with its metadata, whole, or none. */
export function tableOf(
  resource: Resource,
  rows: readonly KubeObject[],
  metadata: JsonObject,
  version: string,
  include: string,
): JsonObject {
  const shown = resource.custom ? printed(resource) : (columns[resource.kind] ?? [name, age]);
  const now = Date.now();
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: shown.map(([title, type, wide]) => ({
      name: title,
      type,
      format: title === "Name" ? "name" : "",
      description: "",
      priority: wide ? 1 : 0,
    })),
    rows: rows.map((row) => ({
      cells: shown.map(([, , , cell]) => cell(row, now)),
      object: include === "None" ? null : include === "Object" ? row : partial(row, version),
    })),
  };
}

export function partial(object: KubeObject, version: string): KubeObject {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

function printed(resource: Resource): readonly Column[] {
  const version = objectsAt(resource.custom, "spec", "versions").find((one) => one.name === resource.version);
  const own = objectsAt(version, "additionalPrinterColumns").map((column): Column => {
    const path = textAt(column, "jsonPath").split(".").slice(1);
    return [
      textAt(column, "name"),
      textAt(column, "type"),
      numberAt(column, "priority") > 0,
      (one) => at(one, ...path) ?? null,
    ];
  });
  return [name, ...(own.length > 0 ? own : [age])];
}
