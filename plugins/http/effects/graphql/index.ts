import { type Action, type Effect, PosternError } from "../../../../core/plugin.ts";
import type { Fields } from "../../message.ts";
import { knownEffect, loosely } from "../operation.ts";
import type { RootFields } from "./operations.ts";
import { formOf, operationOfQuery, operationsOfBody } from "./request.ts";

export interface GraphqlOption {
  /** The endpoint's path below the resource. */
  readonly path: string;
  /** What fields do that do not what their type says: `{ "Mutation.deleteUser": "delete" }`. */
  readonly fields?: Readonly<Record<string, Effect>>;
}

const effectOfType = { query: "read", mutation: "write", subscription: "read" } as const;
const nameOfType = { query: "Query", mutation: "Mutation", subscription: "Subscription" } as const;

/** What is asked, as far as GraphQL cares. */
export interface GraphqlAsked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly fields: Fields;
  readonly hasBody: boolean;
  readonly upgrade: string | undefined;
}

/** A GraphQL endpoint: what its operations do, by their type and fields. */
export class GraphqlEndpoint {
  readonly #path: string;
  readonly #fields: ReadonlyMap<string, Effect>;

  /** Throws PosternError `resource.config`. */
  constructor(option: string | GraphqlOption) {
    const { path, fields = {} } = typeof option === "string" ? { path: option } : option;
    if (!path.startsWith("/")) throw flawed(`"${path}" does not begin with a slash`);
    this.#path = loosely(path);
    this.#fields = new Map(
      Object.entries(fields).map(([name, effect]) => {
        if (!/^(Query|Mutation|Subscription)\.[_A-Za-z][_0-9A-Za-z]*$/.test(name))
          throw flawed(`"${name}" is no field of a root type`);
        return [name, knownEffect(effect, `graphql, ${name}`)];
      }),
    );
  }

  /** Also where only a lenient server would take the path for it. */
  serves(path: string): boolean {
    return path === this.#path || loosely(path) === this.#path;
  }

  /** What can be told without the body; `body`: nothing yet, `read` tells more. */
  actions(asked: GraphqlAsked): readonly Action[] | "body" {
    const { method, path, query, hasBody, upgrade } = asked;
    // What follows on a WebSocket may be any operation.
    if (upgrade !== undefined) return unknown(path);
    if (method === "OPTIONS") return [{ effect: "read", on: path }];
    if (method === "GET" || method === "HEAD") {
      if (hasBody) return unknown(path);
      return query === "" ? [{ effect: "read", on: path }] : this.#named(path, operationOfQuery(query));
    }
    // Servers take an operation from the query before they look into the body.
    if (method !== "POST" || !hasBody || query !== "" || !formOf(asked.fields)) return unknown(path);
    return "body";
  }

  /** Throws PosternError `http.graphql`. */
  read({ path, fields }: Pick<GraphqlAsked, "path" | "fields">, body: Uint8Array): readonly Action[] {
    const form = formOf(fields);
    return this.#named(path, form && operationsOfBody(body, form));
  }

  #named(path: string, operations: readonly RootFields[] | undefined): readonly Action[] {
    if (!operations) return unknown(path);
    const actions = new Map<string, Action>();
    for (const { type, fields } of operations) {
      for (const field of fields) {
        const on = `${nameOfType[type]}.${introspects(field) ? "__schema" : field}`;
        actions.set(on, { effect: this.#fields.get(on) ?? effectOfType[type], on, within: path });
      }
    }
    return [...actions.values()];
  }
}

function introspects(field: string): boolean {
  return field === "__schema" || field === "__type";
}

function unknown(path: string): readonly Action[] {
  return [{ effect: "unknown", on: path }];
}

function flawed(why: string): PosternError {
  return new PosternError("resource.config", `http(), graphql: ${why}.`, {
    hint: 'Write graphql: { path: "/graphql", fields: { "Mutation.deleteUser": "delete" } }.',
  });
}
