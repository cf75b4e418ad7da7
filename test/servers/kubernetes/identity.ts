import type { X509Certificate } from "node:crypto";
import { type Authorizer, permits } from "./authorization.ts";
import { ApiError, forbidden, PlainError, unauthorized } from "./status.ts";

/** Who asks, as the authenticators found out. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const anonymous: User = { name: "system:anonymous", groups: ["system:unauthenticated"] };

export function authenticated(name: string, groups: readonly string[] = [], uid?: string): User {
  return { name, groups: [...groups, "system:authenticated"], ...(uid === undefined ? {} : { uid }) };
}

/** Name and values of the request's headers in the order they came, as node:http keeps them. */
export type RawHeaders = readonly string[];

export function headerValues(raw: RawHeaders, name: string): string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name.toLowerCase());
}

const bearerProtocol = "base64url.bearer.authorization.k8s.io.";

/** By client certificate (CN and O), bearer token, or the token in a WebSocket subprotocol; nobody without any. */
export function authenticate(
  raw: RawHeaders,
  certificate: X509Certificate | undefined,
  tokens: (token: string) => User | undefined,
): User {
  if (certificate) {
    const subject = certificate.subject.split("\n");
    const of = (key: string) =>
      subject.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
    return authenticated(of("CN")[0] ?? "", of("O"));
  }
  const given = headerValues(raw, "authorization")[0];
  const protocol = headerValues(raw, "sec-websocket-protocol")
    .flatMap((value) => value.split(","))
    .map((value) => value.trim())
    .find((value) => value.startsWith(bearerProtocol));
  const token =
    protocol === undefined
      ? /^bearer (.+)$/i.exec(given ?? "")?.[1]?.trim()
      : Buffer.from(protocol.slice(bearerProtocol.length), "base64url").toString();
  if (token === undefined) return anonymous;
  const user = tokens(token);
  if (!user) throw unauthorized();
  return user;
}

/** The user to act as, by the `Impersonate-` headers, when the caller may; the caller where there are none. */
export function impersonated(raw: RawHeaders, caller: User, authorizer: Authorizer): User {
  const name = headerValues(raw, "impersonate-user")[0] ?? "";
  const groups = headerValues(raw, "impersonate-group");
  const extra: Record<string, string[]> = {};
  raw.forEach((header, index) => {
    if (index % 2 === 1 || !header.toLowerCase().startsWith("impersonate-extra-")) return;
    const key = decodeURIComponent(header.slice("impersonate-extra-".length).toLowerCase());
    extra[key] = [...(extra[key] ?? []), raw[index + 1] ?? ""];
  });
  if (name === "") {
    if (groups.length === 0 && Object.keys(extra).length === 0) return caller;
    const asked = [...groups.map((one) => `"${one}"`), ...Object.values(extra).flat()].join(", ");
    throw new PlainError(500, `Internal Server Error: impersonation without a user: requested ${asked}\n`);
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  if (account) check(caller, authorizer, "", "serviceaccounts", account[2] ?? "", account[1] ?? "");
  else check(caller, authorizer, "", "users", name, "");
  for (const group of groups) check(caller, authorizer, "", "groups", group, "");
  for (const [key, values] of Object.entries(extra))
    for (const value of values)
      check(caller, authorizer, "authentication.k8s.io", "userextras", value, "", key);
  const own = groups.length > 0 || !account ? groups : accountGroups(account[1] ?? "");
  const all =
    name === "system:anonymous" || own.includes("system:authenticated")
      ? own
      : [...own, "system:authenticated"];
  return { name, groups: all, ...(Object.keys(extra).length > 0 ? { extra } : {}) };
}

export function accountGroups(namespace: string): string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}

function check(
  caller: User,
  authorizer: Authorizer,
  group: string,
  resource: string,
  name: string,
  namespace: string,
  subresource = "",
): void {
  const wanted = { verb: "impersonate", group, version: "", resource, subresource, name, namespace };
  if (permits(authorizer, caller, wanted)) return;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  throw forbidden(
    { group, resource },
    name,
    `User "${caller.name}" cannot impersonate resource "${what}" in API group "${group}" ${where}`,
  );
}

/** 403 as the real server words it, for a resource or another path. */
export function refusal(user: User, wanted: { verb: string; path: string }): ApiError {
  return new ApiError(
    403,
    `forbidden: User "${user.name}" cannot ${wanted.verb} path "${wanted.path}"`,
    "Forbidden",
    {},
  );
}
