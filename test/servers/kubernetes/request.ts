import type { Cluster } from "./cluster.ts";
import type { User } from "./identity.ts";
import { isObject, type Json, type JsonObject, type KubeObject, textAt } from "./json.ts";
import { fromProtobuf } from "./protobuf/envelope.ts";
import type { Resource } from "./resources.ts";
import { unknownFields } from "./schema.ts";
import { ApiError, badRequest, flaw, invalid } from "./status.ts";
import type { Target } from "./target.ts";

/** A request to a resource, authenticated and allowed. */
export interface Request {
  readonly cluster: Cluster;
  readonly user: User;
  readonly method: string;
  readonly target: Target;
  readonly resource: Resource;
  readonly accept: string;
  readonly contentType: string;
  readonly agent: string;
  readonly body: Buffer;
}

/** What answers it: an object, or the bytes of something else. */
export interface Answer {
  readonly code: number;
  readonly object: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `dryRun=All` in the query; any other value is 422. */
export function isDryRun({ target }: Request, kind: string, given: readonly Json[] = []): boolean {
  const values = [...target.query.getAll("dryRun"), ...given.map(String)];
  if (values.length === 0) return false;
  if (values.every((one) => one === "All")) return true;
  const list = `[]string{${values.map((one) => `"${one}"`).join(", ")}}`;
  throw invalid(kind, "meta.k8s.io", "", [
    flaw("NotSupported", "dryRun", `Unsupported value: ${list}: supported values: "All"`),
  ]);
}

/** Who writes, for managedFields: `fieldManager`, or the first word of the user agent. */
export function managerOf({ target, agent }: Request): string {
  return target.query.get("fieldManager") || agent.split("/")[0] || "unknown";
}

const accepted = (custom: boolean) =>
  ["application/json", "application/yaml", ...(custom ? [] : ["application/vnd.kubernetes.protobuf"])].join(
    ", ",
  );

/** The object in the body. Its kind is that of `resource` unless it says otherwise; a stranger is 400. */
export function bodyObject(request: Request, kind = request.resource.kind, group?: string): KubeObject {
  const { resource, body } = request;
  const type = request.contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const object = parsed(request, type, kind);
  const [apiVersion, ownKind] = [textAt(object, "apiVersion"), textAt(object, "kind")];
  const own = group ?? (resource.group === "" ? resource.version : `${resource.group}/${resource.version}`);
  const wanted = { ...object, kind: ownKind || kind, apiVersion: apiVersion || own };
  if (resource.custom) checkCustom(wanted, own, kind, body);
  else if (wanted.kind !== kind || wanted.apiVersion !== own) throw stranger(wanted, kind, own);
  const metadata = object.metadata;
  const result = { ...wanted, metadata: isObject(metadata) ? { ...metadata } : {} };
  strict(request, result, body, type);
  return result;
}

function parsed(request: Request, type: string, kind: string): JsonObject {
  const { body, resource } = request;
  const text = body.toString();
  switch (type === "" ? "application/json" : type) {
    case "application/json":
      return fromJson(text, body, kind);
    case "application/yaml":
      return fromYaml(text, kind);
    case "application/vnd.kubernetes.protobuf":
      if (!resource.custom) {
        const object = fromBinary(body);
        if (object) return object;
      }
  }
  throw new ApiError(
    415,
    `the body of the request was in an unknown format - accepted media types include: ${accepted(resource.custom !== undefined)}`,
    "UnsupportedMediaType",
  );
}

function fromBinary(body: Buffer): KubeObject | undefined {
  try {
    return fromProtobuf(body);
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function fromYaml(text: string, kind: string): JsonObject {
  const value = Bun.YAML.parse(text) as Json;
  if (isObject(value)) return value;
  throw badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind`,
  );
}

function fromJson(text: string, body: Buffer, kind: string): JsonObject {
  let why: string;
  try {
    const value: Json = JSON.parse(text);
    if (isObject(value)) return value;
    const struct =
      'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
    why = `json: cannot unmarshal ${Array.isArray(value) ? "array" : typeof value} into Go value of type ${struct}`;
  } catch {
    why = goSyntaxError(text);
  }
  const shown =
    body.length === 0
      ? "<empty>"
      : body.length < 1024
        ? printable(body)
        : body.subarray(0, 1024).toString("hex");
  throw badRequest(
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${why} (${shown})`,
  );
}

/** The body as the server shows it: text where it begins like JSON, else hexadecimal. */
function printable(body: Buffer): string {
  return body.toString().trimStart().startsWith("{") ? body.toString() : body.toString("hex");
}

/** encoding/json's words for the commonest flaws. */
export function goSyntaxError(text: string): string {
  const trimmed = text.trimStart();
  if (trimmed === "") return "unexpected end of JSON input";
  const bad = /^\{\s*([^"}\s])/.exec(trimmed);
  if (bad) return `invalid character '${bad[1]}' looking for beginning of object key string`;
  if (!/^[[{"\d\-tfn]/.test(trimmed))
    return `invalid character '${trimmed[0]}' looking for beginning of value`;
  return "unexpected end of JSON input";
}

function stranger(object: { kind: string; apiVersion: string }, kind: string, own: string): ApiError {
  const [group, version] = object.apiVersion.includes("/")
    ? [object.apiVersion.split("/")[0] ?? "", object.apiVersion.split("/")[1] ?? ""]
    : ["", object.apiVersion];
  const known = object.apiVersion === own || (group === "" && version === "v1");
  const scheme = "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30";
  const to = own.includes("/") ? (own.split("/")[0] ?? "").split(".")[0] : "core";
  const why = known
    ? `converting (${version}.${object.kind}) to (${to}.${kind}): unknown conversion`
    : `no kind "${object.kind}" is registered for version "${object.apiVersion}" in scheme "${scheme}"`;
  return badRequest(`${object.kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}

function checkCustom(
  object: { kind: string; apiVersion: string },
  own: string,
  kind: string,
  body: Buffer,
): void {
  if (object.kind !== kind)
    throw badRequest(
      `${kind}.${own.split("/")[0]} "${textAt(JSON.parse(body.toString()), "metadata", "name")}" is invalid: kind: Invalid value: "${object.kind}": must be ${kind}`,
    );
  if (object.apiVersion !== own)
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${own})`,
    );
}

/** `fieldValidation=Strict`, which 1.20 does not know. */
function strict(request: Request, object: KubeObject, body: Buffer, type: string): void {
  const { cluster, target, resource } = request;
  if (cluster.version === "1.20" || target.query.get("fieldValidation") !== "Strict") return;
  const flaws = unknownFields(object, resource.schema).map((path) => `unknown field "${path}"`);
  if (type === "application/json" || type === "") flaws.push(...duplicates(body.toString()));
  if (flaws.length === 0) return;
  throw badRequest(
    `${object.kind} in version "${resource.version}" cannot be handled as a ${object.kind}: strict decoding error: ${flaws.join(", ")}`,
  );
}

/** Keys that occur twice in one object, which JSON.parse does not tell. */
function duplicates(text: string): string[] {
  const found: string[] = [];
  const seen: { keys: Set<string>; path: string }[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/g;
  let last = "";
  for (const [token, colon] of text.matchAll(tokens)) {
    if (token === "{") seen.push({ keys: new Set(), path: last });
    else if (token === "}") last = seen.pop()?.path ?? "";
    else if (colon !== undefined) {
      const key = String(JSON.parse(token.slice(0, -colon.length)));
      const scope = seen.at(-1);
      if (!scope) continue;
      last = scope.path === "" ? key : `${scope.path}.${key}`;
      if (scope.keys.has(key)) found.push(`duplicate field "${last}"`);
      scope.keys.add(key);
    }
  }
  return found;
}
