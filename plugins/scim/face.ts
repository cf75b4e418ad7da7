import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret, WebFace, WebTools } from "../../core/plugin.ts";
import { configuration, userSchemaDefinition, userType } from "./discovery.ts";
import { errorResponse, ScimError, scimResponse } from "./error.ts";
import { patchOf } from "./patch.ts";
import { changesOf, resourceOf } from "./user.ts";
import { Users, type UsersTerms } from "./users.ts";

export interface ScimTerms extends UsersTerms {
  readonly token: Secret;
}

const listSchema = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const mostResults = 200;
/** Characters; a user has a few thousand at most. */
const longestBody = 256 * 1024;

/** What answers below `/signals/<path>`. */
export function scimFace(terms: ScimTerms): WebFace {
  return {
    path: terms.path,
    async handle(request, tools) {
      try {
        await authenticate(request, terms.token, tools);
        return await answer(request, new Users(terms, tools), tools.url);
      } catch (error) {
        if (error instanceof ScimError) return errorResponse(error);
        throw error;
      }
    },
  };
}

/** Digests are compared, so that neither content nor length of the token shows in the time. */
async function authenticate(request: Request, token: Secret, tools: WebTools): Promise<void> {
  const shown = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const check = shown === undefined ? "no bearer token was shown" : "the bearer token is another one";
  if (shown === undefined || !timingSafeEqual(digest(shown), digest(await token.read()))) {
    throw new ScimError(401, tools.refused(check).message);
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

async function answer(request: Request, users: Users, url: string): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const [, kind, id] =
    /\/(Users|ServiceProviderConfig|ResourceTypes|Schemas)(?:\/([^/]+))?$/.exec(pathname) ?? [];
  const { method } = request;
  if (kind !== "Users") return discovered(method, kind);
  if (id === undefined) {
    if (method === "GET") return scimResponse(await listed(searchParams, users, url));
    if (method === "POST") {
      const user = resourceOf(await users.create(changesOf(await json(request))), url);
      return scimResponse(user, 201);
    }
  } else {
    if (method === "GET") return scimResponse(resourceOf(await users.get(id), url));
    if (method === "PUT") {
      const user = await users.change(id, changesOf(await json(request)), true);
      return scimResponse(resourceOf(user, url));
    }
    if (method === "PATCH") {
      const user = await users.change(id, patchOf(await json(request)), false);
      return scimResponse(resourceOf(user, url));
    }
    if (method === "DELETE") {
      await users.remove(id);
      return new Response(null, { status: 204 });
    }
  }
  throw new ScimError(405, `There is no ${method} here.`);
}

function discovered(method: string, kind: string | undefined): Response {
  if (kind === undefined) throw new ScimError(404, "There is no such resource.");
  if (method !== "GET") throw new ScimError(405, `There is no ${method} here.`);
  if (kind === "ServiceProviderConfig") return scimResponse(configuration);
  return scimResponse(list([kind === "Schemas" ? userSchemaDefinition : userType], 1, 1));
}

/** RFC 7644, 3.4.2: those that a filter finds, or a page of all. */
async function listed(params: URLSearchParams, users: Users, url: string): Promise<object> {
  const filter = params.get("filter");
  const first = Math.max(1, whole(params.get("startIndex"), 1));
  const most = Math.min(mostResults, Math.max(0, whole(params.get("count"), 100)));
  if (filter === null) {
    const { total, users: found } = await users.page(first - 1, most);
    return list(
      found.map((user) => resourceOf(user, url)),
      total,
      first,
    );
  }
  const [, name, quoted] = /^\s*(userName|externalId|id)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/i.exec(filter) ?? [];
  const attribute = (["userName", "externalId", "id"] as const).find(
    (one) => one.toLowerCase() === name?.toLowerCase(),
  );
  if (!attribute || quoted === undefined) {
    throw new ScimError(400, 'A filter here is userName, externalId or id, eq, "a text".', "invalidFilter");
  }
  const found = await users.find(attribute, parsed(quoted) as string);
  return list(
    found.map((user) => resourceOf(user, url)),
    found.length,
    1,
  );
}

function list(resources: readonly object[], total: number, first: number): object {
  return {
    ...{ schemas: [listSchema], totalResults: total, startIndex: first },
    ...{ itemsPerPage: resources.length, Resources: resources },
  };
}

function whole(text: string | null, fallback: number): number {
  return text !== null && /^-?\d{1,9}$/.test(text) ? Number(text) : fallback;
}

async function json(request: Request): Promise<unknown> {
  const text = await request.text();
  if (text.length > longestBody) throw new ScimError(413, "The body is too long.");
  return parsed(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ScimError(400, "This is no JSON.", "invalidSyntax");
  }
}
