import { type Action, PosternError, type Statement } from "../../../core/plugin.ts";
import { BoundedMap } from "../bounded-map.ts";
import type { Asked, Malformed, Reading } from "../dialect.ts";
import { actionOf } from "./actions.ts";
import { type GraphqlAsked, GraphqlEndpoint, type GraphqlOption } from "./graphql/index.ts";
import { overridesMethod } from "./method.ts";
import { type OpenApiOption, openApiOperations } from "./openapi.ts";
import { isFor, type KnownOperation } from "./operation.ts";
import { type RouteOption, routeOperations } from "./routes.ts";

/** What the policy says of what requests do; where it says nothing, the method does. */
export interface EffectOptions {
  /** The first that matches counts, before any document. */
  readonly routes?: readonly RouteOption[];
  /** A document that names the resource's operations: rules may call them by their operationId. */
  readonly openapi?: string | OpenApiOption;
  /** Paths at which the resource speaks GraphQL. */
  readonly graphql?: string | GraphqlOption | readonly (string | GraphqlOption)[];
}

/** Requests that are kept with what they do: of one resource, without a body that matters. */
const mostKept = 4096;
const longestKept = 1024;

interface KnownGet {
  readonly path: string;
  readonly query: string;
  readonly reading: Reading;
}

function isOf({ path, query }: KnownGet, asked: Asked): boolean {
  return path === asked.path && query === asked.query;
}

/** Tells what requests of one resource do. */
export class Effects {
  readonly #operations: readonly KnownOperation[];
  readonly #only: boolean;
  readonly #endpoints: readonly GraphqlEndpoint[];
  /** By method, path and query: the gate knows a statement again by its identity. */
  readonly #readings = new BoundedMap<Reading>(mostKept, longestKept);
  /** The same of GET, where no body matters, by target. */
  readonly #gets = new BoundedMap<KnownGet>(mostKept, longestKept);
  /** By method and path: queries that differ share what is decided. */
  readonly #actions = new BoundedMap<readonly Action[]>(mostKept, longestKept);

  /** `base`: what the resource's paths begin with. Throws PosternError `resource.config`. */
  constructor({ routes = [], openapi, graphql = [] }: EffectOptions, base: string) {
    const document = typeof openapi === "string" ? { file: openapi } : openapi;
    this.#operations = [...routeOperations(routes), ...(document ? openApiOperations(document, base) : [])];
    this.#only = document?.only === true;
    const endpoints: readonly (string | GraphqlOption)[] = isList(graphql) ? graphql : [graphql];
    this.#endpoints = endpoints.map((each) => new GraphqlEndpoint(each));
  }

  read(asked: Asked): Reading | Malformed {
    const { head, path, query, upgrade, hasBody } = asked;
    const { method, fields } = head;
    const last = this.#gets.get(asked.target);
    if (last !== undefined && method === "GET" && upgrade === undefined && isOf(last, asked))
      return last.reading;
    const endpoint = this.#endpoints.find((each) => each.serves(path));
    if (endpoint) return this.#graphql(endpoint, { method, path, query, fields, hasBody, upgrade });
    if (upgrade !== undefined) return this.#upgraded(method, path, query);
    const reading = this.#plain(method, path, query);
    if (method === "GET" && "statement" in reading) this.#gets.set(asked.target, { path, query, reading });
    return reading;
  }

  /** Of a text such as `GET /api/users` or `POST /graphql {"query":"{ users { id } }"}`. Throws PosternError `http.text`. */
  classify(text: string): readonly Action[] {
    const [, method, path, query = "", body] =
      /^([A-Z-]+) (\/[^\s?]*)(\?\S*)?(?:\s+(.+))?$/s.exec(text) ?? [];
    if (method === undefined || path === undefined) {
      throw new PosternError("http.text", "The text is no request.", {
        hint: "Write it as `GET /api/users?all=1`, with a body behind it where that matters.",
      });
    }
    const endpoint = this.#endpoints.find((each) => each.serves(path));
    if (!endpoint) return this.#actionsOf(method, path, query);
    const fields = body === undefined ? [] : ["content-type", "application/json"];
    const asked = { method, path, query, fields, hasBody: body !== undefined, upgrade: undefined };
    const actions = endpoint.actions(asked);
    return actions === "body" ? endpoint.read(asked, Buffer.from(body ?? "")) : actions;
  }

  #plain(method: string, path: string, query: string): Reading | Malformed {
    // A path may hold a question mark of its own, decoded.
    const key = `${method} ${path}\n${query}`;
    const known = this.#readings.get(key);
    if (known) return known;
    // It would answer with what it was sent: the gateway's own credential (RFC 9110, 9.3.8).
    if (method === "TRACE") return noTrace;
    const statement = { text: textOf(method, path, query), actions: this.#actionsOf(method, path, query) };
    return this.#readings.set(key, { statement });
  }

  #actionsOf(method: string, path: string, query: string): readonly Action[] {
    if (overridesMethod(query)) return [{ effect: "unknown", on: path }];
    const key = `${method} ${path}`;
    return (
      this.#actions.get(key) ?? this.#actions.set(key, [actionOf(this.#operations, this.#only, method, path)])
    );
  }

  /** What passes on a connection of another protocol is not the method's doing: only a route tells what it is. */
  #upgraded(method: string, path: string, query: string): Reading {
    const key = `${method} ${path}\n${query}\nupgrade`;
    const known = this.#readings.get(key);
    if (known) return known;
    const actions = this.#actionsOf(method, path, query);
    const mapped = this.#operations.some((each) => isFor(each, method) && each.matches(path));
    const connects: readonly Action[] = actions.map((action) => ({ ...action, effect: "connect" }));
    const statement = { text: textOf(method, path, query), actions: mapped ? actions : connects };
    return this.#readings.set(key, { statement });
  }

  #graphql(endpoint: GraphqlEndpoint, asked: GraphqlAsked): Reading | Malformed {
    const { method, path, query } = asked;
    if (method === "TRACE") return noTrace;
    const text = textOf(method, path, query);
    const actions = endpoint.actions(asked);
    if (actions !== "body") return { statement: this.#statement(text, actions) };
    return {
      // Nothing is known yet, so nothing is denied yet either.
      statement: this.#statement(text, []),
      more: async ({ body }) => ({ statement: this.#statement(text, endpoint.read(asked, body)) }),
    };
  }

  /** As an approver and the trail have it: `POST /graphql: write Mutation.createUser`. */
  #statement(text: string, actions: readonly Action[]): Statement {
    const named = actions.filter(({ within }) => within !== undefined);
    const said = named.map(({ effect, on }) => `${effect} ${on}`).join(", ");
    const whole = said === "" ? text : `${text}: ${said}`;
    const key = JSON.stringify([text, actions]);
    const kept = this.#readings.get(key) ?? this.#readings.set(key, { statement: { text: whole, actions } });
    return kept.statement;
  }
}

/** As it was sent, but for what is encoded in the path and need not be. */
function textOf(method: string, path: string, query: string): string {
  return `${method} ${path.includes("?") ? path.replaceAll("?", "%3F") : path}${query}`;
}

function isList(value: EffectOptions["graphql"]): value is readonly (string | GraphqlOption)[] {
  return Array.isArray(value);
}

const noTrace: Malformed = {
  status: 405,
  reason: {
    code: "http.method",
    message: "TRACE does not pass: its answer would show what the gateway sent.",
    hint: "Ask whoever runs the resource for what it received.",
  },
};
