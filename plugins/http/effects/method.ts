import type { Effect } from "../../../core/plugin.ts";

/**
 * What a method does, as far as its own definition says (RFC 9110, 9.3; QUERY; RFC 5789; WebDAV: RFC 4918, RFC 3253,
 * RFC 5323, RFC 3744, RFC 4791). COPY, MOVE and their kin are not here: they change what another field names.
 */
const byMethod: Readonly<Record<string, Effect>> = {
  GET: "read",
  HEAD: "read",
  OPTIONS: "read",
  QUERY: "read",
  POST: "write",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
  PROPFIND: "read",
  REPORT: "read",
  SEARCH: "read",
  PROPPATCH: "write",
  MKCOL: "write",
  MKCALENDAR: "write",
  LOCK: "write",
  UNLOCK: "write",
  ACL: "grant",
};

export function effectOf(method: string): Effect {
  return Object.hasOwn(byMethod, method) ? (byMethod[method] as Effect) : "unknown";
}

/** Parameters by which frameworks take another method than the one that was sent (WordPress, Google APIs, OData). */
const overriding =
  /[?&;](?:_method|_http_method|\$?httpmethod|x-http-method|x-http-method-override|x-method-override)(?:[=&;]|$)/i;

/** Whether the query may have the server do what another method does. */
export function overridesMethod(query: string): boolean {
  if (query === "") return false;
  return overriding.test(query.includes("%") ? decodedLoosely(query) : query);
}

function decodedLoosely(text: string): string {
  return text.replaceAll(/%([0-7][0-9a-f])/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
