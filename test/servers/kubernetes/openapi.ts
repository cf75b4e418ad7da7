import { createHash } from "node:crypto";
import type { Cluster } from "./cluster.ts";
import type { Document } from "./discovery.ts";
import { isObject, type Json, type JsonObject, objectsAt } from "./json.ts";
import { rangesOf } from "./media.ts";
import { openApiBytes } from "./protobuf/openapi.ts";
import { definitionOf, definitions } from "./schema.ts";
import { ApiError } from "./status.ts";

const v2Protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

/** /openapi/v2 and /openapi/v3, trimmed: every definition, and of the paths what clients look at. */
export function openApi(
  cluster: Cluster,
  path: string,
  accept: string,
  ifNoneMatch: string,
): Document | undefined {
  if (path === "/openapi/v2") return v2(cluster, accept, ifNoneMatch);
  if (cluster.version === "1.20") return undefined;
  if (path === "/openapi/v3" || path === "/openapi/v3/") return asJson(index(cluster));
  const one = /^\/openapi\/v3\/(apis\/[^/]+\/[^/]+|api\/v1)$/.exec(path);
  if (!one) return undefined;
  if (!rangesOf(accept).some(({ type }) => type === "*/*" || type === "application/json" || type === ""))
    throw new ApiError(406, "only application/json is served here", "NotAcceptable");
  return asJson(v3(cluster, one[1] ?? ""));
}

function asJson(value: JsonObject): Document {
  return { code: 200, type: "application/json", body: JSON.stringify(value) };
}

function index(cluster: Cluster): JsonObject {
  const versions = new Set(
    cluster.resources
      .all()
      .map(({ group, version }) => (group === "" ? `api/${version}` : `apis/${group}/${version}`)),
  );
  const paths = [...versions].map((one) => [
    one,
    { serverRelativeURL: `/openapi/v3/${one}?hash=${hashOf(one)}` },
  ]);
  return { paths: Object.fromEntries(paths) };
}

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex").toUpperCase();

/** Paths with the verbs that write, for `fieldValidation` and `dryRun` are looked up there. */
function pathsOf(cluster: Cluster, versionPath?: string): JsonObject {
  const rows = cluster.resources.all().filter(({ group, version }) => {
    const own = group === "" ? `api/${version}` : `apis/${group}/${version}`;
    return versionPath === undefined || own === versionPath;
  });
  const parameters = [
    "dryRun",
    "fieldManager",
    ...(cluster.version === "1.20" ? [] : ["fieldValidation"]),
  ].map((name) => ({
    name,
    in: "query",
    uniqueItems: true,
  }));
  return Object.fromEntries(
    rows.map(({ group, version, kind, resource, namespaced }) => {
      const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
      const operation = { parameters, "x-kubernetes-group-version-kind": { group, version, kind } };
      return [
        `${base}/${namespaced ? "namespaces/{namespace}/" : ""}${resource}/{name}`,
        { patch: operation, put: operation },
      ];
    }),
  );
}

function v2(cluster: Cluster, accept: string, ifNoneMatch: string): Document {
  const document: JsonObject = {
    swagger: "2.0",
    info: { title: "Kubernetes", version: `v${cluster.version}.0` },
    paths: pathsOf(cluster),
    definitions: { ...definitions(), ...customSchemas(cluster) },
  };
  const text = JSON.stringify(document);
  const etag = `"${hashOf(text)}"`;
  if (ifNoneMatch === etag) return { code: 304, type: "", body: "", headers: { Etag: etag } };
  const binary = rangesOf(accept).some(({ type }) => type === v2Protobuf);
  return binary
    ? { code: 200, type: "application/octet-stream", body: openApiBytes(document), headers: { Etag: etag } }
    : { code: 200, type: "application/json", body: text, headers: { Etag: etag } };
}

function customSchemas(cluster: Cluster): JsonObject {
  const rows = cluster.resources.all().filter((one) => one.custom && one.schema);
  return Object.fromEntries(
    rows.map(({ group, version, kind, schema }) => [
      `${group.split(".").reverse().join(".")}.${version}.${kind}`,
      { ...schema, "x-kubernetes-group-version-kind": [{ group, version, kind }] },
    ]),
  );
}

function v3(cluster: Cluster, versionPath: string): JsonObject {
  const parts = versionPath.split("/");
  const [group = "", version = ""] = parts[0] === "api" ? ["", parts[1]] : [parts[1], parts[2]];
  const own = cluster.resources.all().filter((one) => one.group === group && one.version === version);
  const roots = own.flatMap(({ kind }) => {
    const name = definitionOf(group, version, kind);
    return name === undefined ? [] : [name];
  });
  const schemas: JsonObject = {};
  const add = (name: string) => {
    const schema = definitions()[name];
    if (schemas[name] !== undefined || schema === undefined) return;
    schemas[name] = converted(schema);
    for (const inner of referencesOf(schema)) add(inner);
  };
  for (const name of roots) add(name);
  for (const [name, schema] of Object.entries(customSchemas(cluster)))
    if (
      isObject(schema) &&
      objectsAt(schema, "x-kubernetes-group-version-kind").some(
        (one) => one.group === group && one.version === version,
      )
    ) {
      schemas[name] = converted(schema);
      for (const inner of referencesOf(schema)) add(inner);
    }
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: `v${cluster.version}.0` },
    paths: pathsOf(cluster, versionPath),
    components: { schemas },
  };
}

const prefix = "#/definitions/";

function converted(value: Json): Json {
  if (Array.isArray(value)) return value.map(converted);
  if (!isObject(value)) return value;
  const reference = value.$ref;
  if (typeof reference === "string") {
    const { $ref: _ref, ...rest } = value;
    const target = { $ref: `#/components/schemas/${reference.slice(prefix.length)}` };
    return Object.keys(rest).length === 0 ? target : { ...rest, allOf: [target] };
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, converted(one ?? null)]));
}

function referencesOf(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    key === "$ref" && typeof one === "string" ? [one.slice(prefix.length)] : referencesOf(one),
  );
}
