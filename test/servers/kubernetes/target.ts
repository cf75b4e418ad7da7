/** What a request is about, as the API server reads it from method and path (RequestInfo). */
export interface Target {
  /** Decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** get, list, watch, create, update, patch, delete, deletecollection; for another path the method in lower case. */
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows a subresource such as `proxy`. */
  readonly rest: string;
  /** An old path below /watch/. */
  readonly watching: boolean;
}

const verbs: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** `raw`: the request target as it came. Its path is decoded before it is split, as the real server does. */
export function targetOf(method: string, raw: string): Target {
  const [encoded = "", search = ""] = split(raw, "?");
  const path = decoded(encoded);
  // Go's net/url drops a pair that holds a semicolon.
  const query = new URLSearchParams(
    search
      .split("&")
      .filter((pair) => !pair.includes(";"))
      .join("&"),
  );
  const none = {
    path,
    query,
    group: "",
    version: "",
    namespace: "",
    resource: "",
    name: "",
    subresource: "",
  };
  const other: Target = {
    ...none,
    verb: method.toLowerCase(),
    isResource: false,
    rest: "",
    watching: false,
  };
  const parts = path.replace(/^\/|\/$/g, "").split("/");
  const core = parts[0] === "api";
  if ((!core && parts[0] !== "apis") || parts.includes("") || parts.length < (core ? 3 : 4)) return other;
  const group = core ? "" : (parts[1] ?? "");
  const version = parts[core ? 1 : 2] ?? "";
  let rest = parts.slice(core ? 2 : 3);
  const watching = rest[0] === "watch";
  if (rest[0] === "watch" || rest[0] === "proxy") rest = rest.slice(1);
  let namespace = "";
  if (rest[0] === "namespaces" && rest[1] !== undefined) {
    namespace = rest[1];
    if (rest[2] !== undefined && !["status", "finalize"].includes(rest[2])) rest = rest.slice(2);
  }
  const [resource = "", name = "", subresource = "", ...more] = rest;
  let verb = verbs[method] ?? "";
  const wanted = query.get("watch");
  const watch = watching || (wanted !== null && !["", "0", "false"].includes(wanted));
  if (verb === "get" && (name === "" || (watch && subresource === ""))) verb = watch ? "watch" : "list";
  if (verb === "delete" && name === "") verb = "deletecollection";
  return {
    path,
    query,
    verb,
    isResource: true,
    group,
    version,
    namespace: resource === "namespaces" ? name : namespace,
    resource,
    name,
    subresource,
    rest: more.join("/"),
    watching: watch,
  };
}

function split(text: string, by: string): [string, string] {
  const index = text.indexOf(by);
  return index < 0 ? [text, ""] : [text.slice(0, index), text.slice(index + 1)];
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
