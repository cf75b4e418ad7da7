import type { Introduction } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import { isLoopback } from "../../loopback.ts";
import type { LoginMethod } from "../../web.ts";
import { ControlClient, type Target } from "../client.ts";

/** A gateway's URL without a slash at its end; a token crosses only TLS or the loopback interface. Throws PosternError `cli.usage`. */
export function gatewayUrl(text: string): string {
  const url = URL.parse(text.includes("://") ? text : `https://${text}`);
  const bare = url?.username === "" && url.search === "" && url.hash === "";
  if (!bare || !isProtected(url)) {
    throw new PosternError("cli.usage", `"${text}" is no gateway to trust with a token.`, {
      hint: "Write its URL: https://gateway.example.com:8443. Without TLS only 127.0.0.1 will do.",
    });
  }
  return url.href.replace(/\/+$/, "");
}

/** TLS, or never leaving this machine. */
export function isProtected({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname.replace(/^\[|\]$/g, "")));
}

/** How one signs in there: the only way, or the named one. Throws PosternError `login.method`, `control.*`. */
export async function methodOf(
  target: Target,
  name: string | undefined,
  signal: AbortSignal,
): Promise<LoginMethod> {
  const { login } = await new ControlClient(target, signal).get<Introduction>("/.well-known/postern");
  const named = name === undefined ? login : login.filter((method) => method.name === name);
  const [only, ...others] = named;
  if (only && others.length === 0) return only;
  const names = login.map((method) => method.name).join(", ");
  if (login.length === 0) {
    throw new PosternError("login.method", "This gateway offers no way to sign in from a command line.", {
      hint: "Get a token from your identity provider, and give --token-file FILE.",
    });
  }
  const message = only
    ? "This gateway has more than one way to sign in."
    : `This gateway has no way to sign in named "${name}".`;
  throw new PosternError("login.method", message, { hint: `Choose with --provider: ${names}.` });
}
