import { type Fields, fieldsOf } from "../message.ts";

/** The gateway's own cookies, under names that depend on whether browsers come over TLS. */
export interface CookieNames {
  /** The login: a short-lived credential. */
  readonly login: string;
  /** A login that has begun; the beginning of its `state` follows. */
  readonly begun: string;
  readonly secure: boolean;
}

/** The prefix has browsers send them to this very host alone, over TLS, and take them from nobody else (RFC 6265bis, 4.1.3.2). */
const overTls: CookieNames = { login: "__Host-postern", begun: "__Host-postern-login-", secure: true };
/** For trials on the loopback interface, where browsers refuse that prefix. */
const inClear: CookieNames = { login: "postern-local", begun: "postern-local-login-", secure: false };

export function cookieNames(secure: boolean): CookieNames {
  return secure ? overTls : inClear;
}

/** Whether a cookie, written `name=value`, is one of the gateway's own; also where it has only a value that servers would read so. */
export function isOwnCookie(pair: string): boolean {
  const name = pair.replace(/^[\s=]+/, "").toLowerCase();
  return name.startsWith("__host-postern") || name.startsWith(inClear.login);
}

/** All that a request shows, in order. */
export function cookiesIn(fields: Fields): readonly (readonly [name: string, value: string])[] {
  return fieldsOf(fields, "cookie")
    .flatMap((value) => value.split(";"))
    .flatMap((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const];
    });
}

/** A `Set-Cookie` field. `seconds`: 0 takes it away. */
export function setCookie(name: string, value: string, seconds: number, { secure }: CookieNames): string[] {
  const attributes = `Path=/; ${secure ? "Secure; " : ""}HttpOnly; SameSite=Lax; Max-Age=${seconds}`;
  return ["Set-Cookie", `${name}=${value}; ${attributes}`];
}
