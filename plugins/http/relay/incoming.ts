import type { Destination } from "../config.ts";
import type { ResponseHead } from "../message.ts";
import type { Route } from "../route.ts";
import { isOwnCookie } from "../sign-in/cookies.ts";

/**
 * The head as the caller gets it: what leads to the resource itself leads to the gateway, and nothing sets the
 * gateway's own cookies or sends callers elsewhere (`Alt-Svc`).
 */
export function incoming(head: ResponseHead, { prefix }: Route, destination: Destination): ResponseHead {
  const fields: string[] = [];
  for (let at = 0; at < head.fields.length; at += 2) {
    const name = head.fields[at] as string;
    const value = head.fields[at + 1] as string;
    switch (name.toLowerCase()) {
      case "alt-svc":
        break;
      case "location":
      case "content-location":
        fields.push(name, throughGateway(value, prefix, destination));
        break;
      case "set-cookie":
        if (!isOwnCookie(value)) fields.push(name, cookie(value, prefix, destination));
        break;
      default:
        fields.push(name, value);
    }
  }
  return { ...head, fields };
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
