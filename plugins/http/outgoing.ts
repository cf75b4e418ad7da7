import type { ListenerInfo, Wire } from "../../core/plugin.ts";
import type { Destination } from "./config.ts";
import type { Fields, RequestHead } from "./message.ts";
import { isOwnCookie } from "./sign-in/cookies.ts";

/**
 * What no caller's request takes to a resource: its own credential, what proxies say of whom they stand for, what
 * changes the method behind the gate's back, what would be the proxy of programs behind CGI (`Proxy`: HTTP_PROXY).
 */
const stripped = new Set([
  "authorization",
  "proxy-authorization",
  "proxy-connection",
  "proxy",
  "forwarded",
  "via",
  "x-real-ip",
  "x-client-ip",
  "client-ip",
  "x-cluster-client-ip",
  "true-client-ip",
  "cf-connecting-ip",
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-original-uri",
  "x-original-host",
  "x-rewrite-url",
  "x-forwarded",
  "host",
  "x-host",
  "max-forwards",
]);

/**
 * By which services that leave logging in to a proxy are told who has logged in (Grafana, oauth2-proxy, nginx, identity-aware
 * proxies of clouds), or that it was done already (Next.js, CVE-2025-29927): the gateway is that proxy, its callers are not.
 */
const vouching =
  /^(?:(?:x-)?(?:remote|authenticated)-(?:user|group|name|email|extra)|x-webauth-|x-auth-request-|x-(?:ms-client-principal|amzn-oidc|goog-authenticated|goog-iap|pomerium|envoy|middleware)-?|(?:x-)?ssl-client-|x-client-(?:cert|verify|dn)|x-original-method|cf-access-|tailscale-user-)/;

/** Whether this name, as servers read it, is one that no caller may send. */
function isTaken(read: string): boolean {
  return stripped.has(read) || read.startsWith("x-forwarded-") || vouching.test(read);
}

/** What is said of the caller, in the words of reverse proxies. */
export interface CallerFacts {
  readonly caller: Wire;
  readonly listener: ListenerInfo;
  /** What of the path named the resource. */
  readonly prefix: string;
}

/**
 * The head as the resource gets it. `target`: what to ask for, canonical. `login`: fields that show the resource
 * credential. `strips`: what callers of this dialect may not send either.
 */
export function outgoing(
  head: RequestHead,
  target: string,
  { authority, base }: Destination,
  login: Fields,
  facts: CallerFacts,
  strips?: (name: string) => boolean,
): RequestHead {
  const own = new Set<string>();
  for (let at = 0; at < login.length; at += 2) own.add(asServersRead(login[at] as string));
  const fields: string[] = ["Host", authority];
  for (let at = 0; at < head.fields.length; at += 2) {
    const name = head.fields[at] as string;
    const read = asServersRead(name);
    if (isTaken(read) || own.has(read) || strips?.(read)) continue;
    const value = head.fields[at + 1] as string;
    if (read === "cookie") {
      const rest = withoutLogin(value);
      if (rest !== "") fields.push(name, rest);
    } else fields.push(name, value);
  }
  fields.push(...login, ...forwarded(head, facts));
  return { ...head, target: `${base}${target}`, authority, fields };
}

/**
 * Trailers of a request's body as the resource gets them: some servers read them as if they had been in its head.
 * `login`: as `outgoing` has it.
 */
export function outgoingTrailers(
  trailers: Fields,
  login: Fields,
  strips?: (name: string) => boolean,
): Fields {
  const own = new Set(login.filter((_, index) => index % 2 === 0).map(asServersRead));
  return trailers.filter((_, index) => {
    const read = asServersRead(trailers[index - (index % 2)] as string);
    return !(isTaken(read) || own.has(read) || strips?.(read));
  });
}

/** Programs behind CGI and its kin do not tell a hyphen from other marks: a field that was taken away would come back. */
function asServersRead(name: string): string {
  const lower = name.toLowerCase();
  return otherMark.test(lower) ? lower.replaceAll(otherMarks, "-") : lower;
}

const otherMark = /[^a-z0-9-]/;
const otherMarks = /[^a-z0-9-]/g;

function forwarded({ authority }: RequestHead, { caller, prefix }: CallerFacts): string[] {
  const address = caller.remote.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return [
    "X-Forwarded-For",
    address,
    "X-Forwarded-Proto",
    caller.encrypted ? "https" : "http",
    "X-Forwarded-Host",
    authority,
    ...(prefix === "" ? [] : ["X-Forwarded-Prefix", prefix]),
  ];
}

/** Without the cookies that are the gateway's own. */
function withoutLogin(cookies: string): string {
  if (!/postern/i.test(cookies)) return cookies;
  return cookies
    .split(";")
    .filter((pair) => !isOwnCookie(pair))
    .join(";")
    .trim();
}
