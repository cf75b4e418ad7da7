import type { PosternError } from "../../../core/plugin.ts";

/** More than these a document's servers with all values of their variables do not come to. */
const mostServers = 64;

interface Server {
  readonly url?: unknown;
  readonly variables?: Readonly<Record<string, { readonly default?: unknown; readonly enum?: unknown }>>;
}

/**
 * What paths begin with at each server of a document (OpenAPI 3.1, 4.8.5), each once, without a slash at its end;
 * variables have each of their values. Where none is named it is `/`.
 */
export function pathsOfServers(servers: unknown, flawed: (why: string) => PosternError): readonly string[] {
  if (!Array.isArray(servers) || servers.length === 0) return [""];
  const paths = new Set<string>();
  for (const { url, variables = {} } of servers as Server[]) {
    if (typeof url !== "string") throw flawed("a server has no url");
    let written = [url];
    for (const [name, { default: value, enum: values = [value] }] of Object.entries(variables)) {
      if (!url.includes(`{${name}}`)) continue;
      const each = Array.isArray(values) ? values.map(String) : [String(value)];
      written = written.flatMap((one) => each.map((other) => one.replaceAll(`{${name}}`, other)));
      if (written.length > mostServers) throw flawed("its servers are too many");
    }
    for (const one of written) {
      const parsed = URL.parse(one, "http://relative/");
      if (!parsed) throw flawed(`the server ${url} is no URL`);
      paths.add(decodeURI(parsed.pathname).replace(/\/+$/, ""));
    }
  }
  if (paths.size > mostServers) throw flawed("its servers are too many");
  return [...paths];
}
