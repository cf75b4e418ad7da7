import { PosternError } from "../../../core/plugin.ts";
import type { Fields } from "../message.ts";

/**
 * How the resource is shown its credential: `Authorization: Bearer …`, `Authorization: Basic …` (the credential is
 * `user:password`), or a field of its own.
 */
export type LoginOption = "bearer" | "basic" | HeaderLogin;

export interface HeaderLogin {
  /** `X-Api-Key`. What callers send under this name does not reach the resource. */
  readonly header: string;
  /** What stands before the credential, with its blank: `"Token "`. */
  readonly prefix?: string;
}

/** What frames or routes a message, and what the gateway says of its callers, is no place for a credential. */
const taken =
  /^(host|connection|upgrade|te|trailer|transfer-encoding|expect|via|forwarded|content-.*|proxy-.*|keep-alive|x-forwarded-.*|sec-websocket-.*|range|accept-encoding|prefer)$/i;

/** Throws PosternError `resource.config`. */
export function checkLogin(login: LoginOption): void {
  if (login === "bearer" || login === "basic") return;
  if (typeof login !== "object" || login === null) throw flawed(`${JSON.stringify(login)} is no login`);
  const { header, prefix = "", ...more } = login;
  const [stranger] = Object.keys(more);
  if (stranger !== undefined) throw flawed(`there is no option "${stranger}"`);
  if (!/^[A-Za-z0-9-]+$/.test(header) || taken.test(header))
    throw flawed(`"${header}" cannot carry a credential`);
  if (!/^[\x20-\x7e]*$/.test(prefix)) throw flawed("the prefix holds what no field may");
}

/** The fields that show it. Throws PosternError `secret.unusable`, which says nothing of the value. */
export function loginFields(secret: string, login: LoginOption): Fields {
  if (login === "basic") {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7617, 2 has none of them.
    if (/[\0-\x1f\x7f]/.test(secret)) throw unusable("it holds a line end or a control character");
    if (!secret.includes(":")) throw unusable("it is not user:password");
    return ["Authorization", `Basic ${Buffer.from(secret, "utf8").toString("base64")}`];
  }
  if (!/^[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/.test(secret)) {
    throw unusable("it holds a line end, a control character or a blank at its end");
  }
  if (login === "bearer") {
    if (secret.includes(" ")) throw unusable("a bearer token has no blanks");
    return ["Authorization", `Bearer ${secret}`];
  }
  return [login.header, `${login.prefix ?? ""}${secret}`];
}

function unusable(why: string): PosternError {
  return new PosternError("secret.unusable", `The resource's credential cannot be shown over HTTP: ${why}.`, {
    hint: "Ask whoever keeps the policy to look at what holds the credential.",
  });
}

function flawed(why: string): PosternError {
  return new PosternError("resource.config", `http(), login: ${why}.`, {
    hint: 'Write "bearer", "basic" or { header: "X-Api-Key" }.',
  });
}
