import { BoundedMap, ownText } from "../bounded-map.ts";
import type { Destination } from "../config.ts";
import type { RequestHead, ResponseHead } from "../message.ts";
import type { Route } from "../route.ts";
import { isOwnCookie } from "../sign-in/cookies.ts";
import { forOneCaller, sharesAnyway } from "./caching.ts";

/**
 * The head as the caller gets it: what leads to the resource itself leads to the gateway, nothing leads to another of its
 * resources, sets the gateway's own cookies or sends callers elsewhere (`Alt-Svc`), and no cache shares it. `asked`: the
 * request, with the path that the caller sees.
 */
export function incoming(
  head: ResponseHead,
  { prefix }: Route,
  destination: Destination,
  asked: Pick<RequestHead, "authority" | "target">,
): ResponseHead {
  const fields: string[] = [];
  const caching: string[] = [];
  for (let at = 0; at < head.fields.length; at += 2) {
    const name = head.fields[at] as string;
    const value = head.fields[at + 1] as string;
    switch (kindOf(name)) {
      case "passes":
        fields.push(name, value);
        break;
      case "caching":
        caching.push(value);
        break;
      case "location": {
        const location = throughGateway(value, prefix, destination);
        if (!leavesResource(location, prefix, asked)) fields.push(name, location);
        break;
      }
      case "cookie":
        if (!isOwnCookie(value)) fields.push(name, cookie(value, prefix, destination));
        break;
      case "dropped":
    }
  }
  if (head.status >= 200) fields.push("Cache-Control", forOneCaller(caching));
  return { status: head.status, reason: head.reason, fields };
}

/** What becomes of a field. */
type Kind = "passes" | "dropped" | "caching" | "location" | "cookie";

/** Whether a field of this name, in lower case, leaves as it came. */
export function passesAsItIs(name: string): boolean {
  return kindOf(name) === "passes";
}

/** By name as it was written: services have few. */
const kinds = new BoundedMap<Kind>(512, 64);

function kindOf(name: string): Kind {
  return kinds.get(name) ?? kinds.set(ownText(name), kindOfLower(name.toLowerCase()));
}

function kindOfLower(name: string): Kind {
  switch (name) {
    case "alt-svc":
      return "dropped";
    case "cache-control":
      return "caching";
    case "location":
    case "content-location":
      return "location";
    case "set-cookie":
      return "cookie";
    default:
      return sharesAnyway(name) ? "dropped" : "passes";
  }
}

/**
 * Whether whoever follows this with what they have shown this resource would show it to another one, which has the same
 * origin: programs that follow redirects keep `Authorization` there, and with 307 and 308 method and body.
 */
function leavesResource(
  location: string,
  prefix: string,
  { authority, target }: Pick<RequestHead, "authority" | "target">,
): boolean {
  if (prefix === "") return false;
  const from = URL.parse(target, `http://${authority}`);
  const to = URL.parse(location, from?.href);
  const own = to?.protocol === "https:" ? URL.parse(`https://${authority}`) : from;
  if (!to || to.host !== own?.host) return false;
  return to.pathname !== prefix && !to.pathname.startsWith(`${prefix}/`);
}

function throughGateway(location: string, prefix: string, { secure, authority, base }: Destination): string {
  const own = `${secure ? "https" : "http"}://${authority}`;
  const path = location.startsWith(`${own}/`)
    ? location.slice(own.length)
    : location === own
      ? "/"
      : location;
  if (!path.startsWith("/") || path.startsWith("//")) return location;
  return `${prefix}${below(path, base)}`;
}

function below(path: string, base: string): string {
  if (base === "" || !path.startsWith(base)) return path;
  const rest = path.slice(base.length);
  return rest === "" ? "/" : rest.startsWith("/") || rest.startsWith("?") ? rest : path;
}

/** A path attribute begins where the resource does; a domain is the gateway's own, so none. */
function cookie(value: string, prefix: string, { base }: Destination): string {
  const [pair = "", ...attributes] = value.split(";");
  let path = false;
  const kept = attributes.flatMap((attribute) => {
    const [name = "", said = ""] = attribute.split("=", 2).map((part) => part.trim());
    if (name.toLowerCase() === "domain") return [];
    if (name.toLowerCase() !== "path" || !said.startsWith("/")) return [attribute];
    path = true;
    return [` Path=${prefix}${below(said, base)}`];
  });
  if (!path && prefix !== "") kept.push(` Path=${prefix}/`);
  return [pair, ...kept].join(";");
}
