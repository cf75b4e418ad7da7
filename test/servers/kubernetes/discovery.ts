import type { Cluster } from "./cluster.ts";
import { type JsonObject, listAt, objectsAt, textAt } from "./json.ts";
import { rangesOf } from "./media.ts";
import { ApiError, notAllowed } from "./status.ts";

/** An answer that is no object of the API. */
export interface Document {
  readonly code: number;
  readonly type: string;
  readonly body: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
}

const text = "text/plain; charset=utf-8";

/** What is at a path that names no resource; undefined where there is nothing. */
export function discover(
  cluster: Cluster,
  method: string,
  path: string,
  accept: string,
  verbose: boolean,
): Document | undefined {
  const plain = path.length > 1 ? path.replace(/\/$/, "") : path;
  const health = /^\/(healthz|livez|readyz)(\/.+)?$/.exec(plain);
  if (health)
    return {
      code: 200,
      type: text,
      body: verbose ? checks(health[1] ?? "") : "ok",
      headers: { "X-Content-Type-Options": "nosniff" },
    };
  if (plain === "/version") {
    checkGet(method);
    checkJson(accept);
    return json(versionOf(cluster));
  }
  if (plain === "/") return json({ paths: paths(cluster) });
  if (plain !== "/api" && !plain.startsWith("/api/") && plain !== "/apis" && !plain.startsWith("/apis/"))
    return undefined;
  const document = cluster.resources.document(plain);
  if (!document) {
    const group = plain.split("/")[2] ?? "";
    if (plain.startsWith("/apis/") && !cluster.resources.hasGroup(group))
      return {
        code: 404,
        type: text,
        body: "404 page not found\n",
        headers: { "X-Content-Type-Options": "nosniff" },
      };
    return undefined;
  }
  checkGet(method);
  const aggregated = cluster.version === "1.20" ? undefined : aggregatedRange(accept);
  if (aggregated && (plain === "/api" || plain === "/apis"))
    return {
      code: 200,
      type: `application/json;g=apidiscovery.k8s.io;v=${aggregated};as=APIGroupDiscoveryList`,
      body: `${JSON.stringify(aggregate(cluster, plain, aggregated))}\n`,
    };
  checkJson(accept);
  return json(document);
}

function json(value: JsonObject): Document {
  return { code: 200, type: "application/json", body: JSON.stringify(value, null, 2) };
}

function checkGet(method: string): void {
  if (method !== "GET") throw notAllowed();
}

/** 406 where nothing can be had that discovery can say: JSON, YAML and protobuf. */
function checkJson(accept: string): void {
  const ranges = rangesOf(accept);
  const asked = ranges.filter((range) => range.parameters.as === undefined);
  const any = /^(\*\/\*|application\/(\*|json|yaml|vnd\.kubernetes\.protobuf)|)$/;
  if (ranges.some((range) => any.test(range.type)) && asked.length > 0) return;
  if (!ranges.some((range) => any.test(range.type)))
    throw new ApiError(406, "406: Not Acceptable", "NotAcceptable", {});
  throw new ApiError(
    406,
    "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    "NotAcceptable",
  );
}

function aggregatedRange(accept: string): string | undefined {
  const range = rangesOf(accept).find(
    ({ parameters }) => parameters.as === "APIGroupDiscoveryList" && parameters.g === "apidiscovery.k8s.io",
  );
  const version = range?.parameters.v;
  return version === "v2" || version === "v2beta1" ? version : undefined;
}

/** Aggregated discovery (KEP-3352): groups, versions and resources in one document. */
function aggregate(cluster: Cluster, path: string, version: string): JsonObject {
  const { resources } = cluster;
  const groups: JsonObject[] =
    path === "/api"
      ? [{ name: "", versions: [{ groupVersion: "v1", version: "v1" }] }]
      : objectsAt(resources.document("/apis"), "groups");
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === "" ? {} : { name: group.name },
      versions: objectsAt(group, "versions").map((one) => {
        const groupVersion = textAt(one, "groupVersion");
        const document = resources.document(
          groupVersion.includes("/") ? `/apis/${groupVersion}` : `/api/${groupVersion}`,
        );
        return {
          version: textAt(one, "version"),
          resources: entries(objectsAt(document, "resources")),
          freshness: "Current",
        };
      }),
    })),
  };
}

function entries(rows: readonly JsonObject[]): JsonObject[] {
  const kindOf = (row: JsonObject) => ({
    group: textAt(row, "group"),
    version: textAt(row, "version"),
    kind: textAt(row, "kind"),
  });
  return rows
    .filter((row) => !textAt(row, "name").includes("/"))
    .map((row) => {
      const name = textAt(row, "name");
      const subresources = rows
        .filter((sub) => textAt(sub, "name").startsWith(`${name}/`))
        .map((sub) => ({
          subresource: textAt(sub, "name").slice(name.length + 1),
          responseKind: kindOf(sub),
          verbs: listAt(sub, "verbs"),
        }));
      return {
        resource: name,
        responseKind: kindOf(row),
        scope: row.namespaced === true ? "Namespaced" : "Cluster",
        singularResource: textAt(row, "singularName") || textAt(row, "kind").toLowerCase(),
        verbs: listAt(row, "verbs"),
        ...(row.shortNames === undefined ? {} : { shortNames: row.shortNames }),
        ...(row.categories === undefined ? {} : { categories: row.categories }),
        ...(subresources.length > 0 ? { subresources } : {}),
      };
    });
}

function versionOf(cluster: Cluster): JsonObject {
  const old = cluster.version === "1.20";
  const [major = "", minor = ""] = cluster.version.split(".");
  return {
    major: old ? "" : major,
    minor: old ? "" : minor,
    gitVersion: old ? "v0.0.0-master+faecb196815e2" : `v${cluster.version}.0`,
    gitCommit: "faecb196815e248d3ecfb03c680a4507229c2a56",
    gitTreeState: old ? "" : "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "go1.19.8",
    compiler: "gc",
    platform: "linux/amd64",
  };
}

function checks(name: string): string {
  return `[+]ping ok\n[+]log ok\n[+]etcd ok\n${name} check passed\n`;
}

/** What a request for nothing is told: every path there is. */
export function paths(cluster: Cluster): string[] {
  const groups = objectsAt(cluster.resources.document("/apis"), "groups");
  return [
    "/api",
    "/api/v1",
    "/apis",
    "/apis/",
    ...groups.flatMap((group) => [
      `/apis/${textAt(group, "name")}`,
      ...objectsAt(group, "versions").map((one) => `/apis/${textAt(one, "groupVersion")}`),
    ]),
    "/healthz",
    "/livez",
    ...(cluster.version === "1.20" ? [] : ["/openapi/v3"]),
    "/openapi/v2",
    "/readyz",
    "/version",
  ].sort();
}
