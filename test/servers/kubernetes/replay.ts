import { readdirSync, readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Cluster } from "./cluster.ts";
import { isObject, type Json, objectAt, objectsAt, textAt } from "./json.ts";
import { fromProtobuf } from "./protobuf/envelope.ts";
import { targetOf } from "./target.ts";

/** One exchange with a real API server, as test/fixtures/kubernetes/README.md says. */
export interface Exchange {
  readonly step: number;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  /** A bearer token of the recording's users; null: none was sent. */
  readonly user: string | null;
  readonly agent?: string;
  readonly body?: string;
  readonly bodyBase64?: boolean;
  readonly status: number;
  readonly type: string;
  readonly answer?: string;
  readonly answerBase64?: boolean;
}

const folder = join(import.meta.dir, "../../fixtures/kubernetes/recorded");

/** The recordings in the order they were made: all of them are one story of one cluster. */
export function recordings(): { name: string; exchanges: Exchange[] }[] {
  return readdirSync(folder)
    .sort()
    .map((file) => ({
      name: file.replace(/\.ndjson\.gz$/, ""),
      exchanges: gunzipSync(readFileSync(join(folder, file)))
        .toString()
        .split("\n")
        .map((line): Exchange => JSON.parse(line)),
    }));
}

/** An answer as it can be compared. */
export function parsedAnswer(type: string, body: Buffer): Json {
  if (type.includes("protobuf") && body.subarray(0, 3).toString() === "k8s") {
    try {
      const object = fromProtobuf(body);
      if (object) return { ...object };
    } catch {
      // Compared as bytes.
    }
    return body.toString("base64");
  }
  if (type.includes("json"))
    try {
      return JSON.parse(body.toString());
    } catch {
      // Compared as text.
    }
  return body.toString();
}

export function recordedValue(exchange: Exchange): Json {
  return parsedAnswer(
    exchange.type,
    Buffer.from(exchange.answer ?? "", exchange.answerBase64 ? "base64" : "utf8"),
  );
}

/** What the recording calls things, and what this server does: names, uids and revisions that are made up anew. */
export class Names {
  private readonly known = new Map<string, string>();

  /** Learns from two answers that should be the same. */
  learn(recorded: Json | undefined, own: Json | undefined, key = ""): void {
    if (typeof recorded === "string" && typeof own === "string") {
      const madeUp = [
        "uid",
        "resourceVersion",
        "name",
        "continue",
        "token",
        "pod-template-hash",
        "clusterIP",
      ].includes(key);
      if (madeUp && recorded !== own && recorded !== "")
        this.known.set(`${key === "resourceVersion" ? "rv:" : ""}${recorded}`, own);
      return;
    }
    if (Array.isArray(recorded) && Array.isArray(own)) {
      for (const [index, one] of recorded.entries()) this.learn(one, own[index]);
      return;
    }
    if (!isObject(recorded) || !isObject(own)) return;
    for (const [name, value] of Object.entries(recorded)) this.learn(value, own[name], name);
  }

  /** A request of the recording in this server's names. */
  own(text: string): string {
    let result = text
      .replace(
        /(resourceVersion=)(\d+)/g,
        (_, before: string, rv: string) => before + (this.known.get(`rv:${rv}`) ?? rv),
      )
      .replace(
        /("resourceVersion":\s*")(\d+)(")/g,
        (_, before: string, rv: string, after: string) => before + (this.known.get(`rv:${rv}`) ?? rv) + after,
      );
    for (const [recorded, own] of this.known)
      if (!recorded.startsWith("rv:") && recorded.length > 5) result = result.replaceAll(recorded, own);
    return result;
  }
}

const madeUp =
  /^(uid|resourceVersion|creationTimestamp|deletionTimestamp|time|lastTransitionTime|lastProbeTime|lastTimestamp|firstTimestamp|startTime|token|expirationTimestamp|clusterIP|clusterIPs|pod-template-hash|controller-uid|continue|renewTime|acquireTime|storageVersionHash|serverAddress|reason_of_access|age)$/;

/** `value` with what is made up put aside, so that two of them can be compared. */
export function structure(value: Json | undefined, key = ""): Json {
  if (madeUp.test(key)) return value === null || value === undefined ? null : `<${key}>`;
  if (typeof value === "string" && value.startsWith("RBAC: allowed by")) return "<rbac>";
  if (typeof value === "string")
    return value
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>")
      .replace(/^\d+[smhd](\d+s)?$/, "<age>");
  if (key === "managedFields" && Array.isArray(value)) {
    const order = (one: Json) => (isObject(one) ? `${one.operation} ${one.manager}` : "");
    return value.toSorted((a, b) => (order(a) < order(b) ? -1 : 1)).map((one) => structure(one));
  }
  if (Array.isArray(value)) return value.map((one) => structure(one));
  if (!isObject(value)) return value ?? null;
  const place = value["."] !== undefined && Object.keys(value).length === 1;
  if (place) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, one]) => one !== undefined && name !== "description")
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => [name, structure(one, name)]),
  );
}

/** The first place where two values differ; undefined where they do not. */
export function firstDifference(a: Json | undefined, b: Json | undefined, path = ""): string | undefined {
  if (isObject(a) && isObject(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const inner = firstDifference(a[key], b[key], `${path}.${key}`);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
    for (const [index, one] of a.entries()) {
      const inner = firstDifference(one, b[index], `${path}[${index}]`);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
  if (JSON.stringify(a) === JSON.stringify(b)) return undefined;
  return `${path}: recorded ${JSON.stringify(a)?.slice(0, 160)}, here ${JSON.stringify(b)?.slice(0, 160)}`;
}

/**
 * What the recording's own set-up put there, unrecorded: objects that an answer shows and that no request made.
 * Each is put in once, before the first request that needs it.
 */
export class Setup {
  private readonly met = new Set<string>();

  constructor(private readonly cluster: Cluster) {}

  before(exchange: Exchange, names: Names): void {
    const target = targetOf(exchange.method, names.own(exchange.path));
    if (!target.isResource || ![200, 201, 409].includes(exchange.status)) return;
    const resource = this.cluster.resources.find(target.group, target.version, target.resource);
    if (!resource) return;
    const answer = recordedValue(exchange);
    const table = `${target.group}/${target.resource}`;
    const namespace = resource.namespaced ? target.namespace : "";
    if (exchange.status === 201) {
      this.met.add(`${table} ${namespace}/${target.name || textAt(answer, "metadata", "name")}`);
      return;
    }
    const rows = objectsAt(answer, "rows").map((row) => objectAt(row, "object"));
    const shown = target.verb === "list" ? [...objectsAt(answer, "items"), ...rows] : [objectAt(answer)];
    for (const one of shown) {
      const name = target.name || textAt(one, "metadata", "name");
      const space = resource.namespaced ? namespace || textAt(one, "metadata", "namespace") : "";
      const key = `${table} ${space}/${name}`;
      if (name === "" || this.met.has(key)) continue;
      this.met.add(key);
      if (exchange.method === "PATCH" || this.cluster.store.get(table, space, name)) continue;
      const own = one.kind === resource.kind || target.verb === "list" ? structuredClone(one) : {};
      const {
        deletionTimestamp: _at,
        deletionGracePeriodSeconds: _grace,
        finalizers: _held,
        ...metadata
      } = objectAt(own, "metadata");
      this.cluster.store.put(table, {
        ...own,
        kind: resource.kind,
        apiVersion: target.group === "" ? target.version : `${target.group}/${target.version}`,
        metadata: {
          uid: textAt(answer, "details", "uid") || crypto.randomUUID(),
          creationTimestamp: this.cluster.now(),
          ...metadata,
          name,
          ...(space === "" ? {} : { namespace: space }),
        },
      });
    }
  }
}

/** Sends it as it was sent: no client that tidies up paths is between. */
export function replay(
  where: { readonly port: number; readonly ca: string },
  exchange: Exchange,
  names: Names,
): Promise<{ status: number; type: string; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number;
    type: string;
    body: Buffer;
  }>();
  const headers: Record<string, string[]> = {};
  const add = (name: string, value: string) => {
    headers[name] = [...(headers[name] ?? []), value];
  };
  for (const [name, value] of exchange.headers) add(name, value);
  if (exchange.user !== null) add("Authorization", `Bearer ${exchange.user}`);
  if (exchange.agent !== undefined) add("User-Agent", exchange.agent);
  const { body = "" } = exchange;
  const bytes = exchange.bodyBase64 ? Buffer.from(body, "base64") : Buffer.from(names.own(body));
  const sent = httpsRequest(
    {
      host: "127.0.0.1",
      port: where.port,
      ca: where.ca,
      method: exchange.method,
      path: names.own(exchange.path),
      headers: { ...headers, "Content-Length": bytes.length },
    },
    (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers["content-type"] ?? "",
          body: Buffer.concat(parts),
        }),
      );
    },
  );
  sent.on("error", reject);
  sent.end(bytes);
  return promise;
}
