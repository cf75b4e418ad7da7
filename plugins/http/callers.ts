import { byPassword, type Door, type Identity, type Wire } from "../../core/plugin.ts";
import { fieldsOf, type RequestHead } from "./message.ts";

/** The login cookie. The prefix has browsers send it to this very host alone, over TLS (RFC 6265bis, 4.1.3.2). */
export const loginCookie = "__Host-postern";

/** More than one credential in a request, of which servers would choose in their own way. */
export class AmbiguousLogin extends Error {}

interface Known {
  readonly shown: string;
  readonly identity: Identity;
}

/** Whose the requests of one connection are. What was shown last is not verified again while it holds. */
export class Callers {
  #last: Known | undefined;
  #certified: Promise<Identity | undefined> | undefined;

  constructor(
    readonly door: Door,
    readonly caller: Wire,
  ) {}

  /** The identity of the last request, where this one shows the same and it still holds. Synchronous, for the hot path. */
  known(shown: string): Identity | undefined {
    const last = this.#last;
    if (last?.shown !== shown || (last.identity.expires ?? Number.POSITIVE_INFINITY) <= Date.now())
      return undefined;
    return last.identity;
  }

  /** What was shown has to be verified anew: its session is over. */
  forget(): void {
    this.#last = undefined;
    this.#certified = undefined;
  }

  /** undefined: nothing was shown. Throws as `Door.identify` does. */
  async identify(shown: string): Promise<Identity | undefined> {
    if (shown === "") return await this.#byCertificate();
    const identity = await this.#verify(shown);
    this.#last = { shown, identity };
    return identity;
  }

  async #verify(shown: string): Promise<Identity> {
    const [, scheme = "", value = ""] = /^(\S+) +(\S+)$/.exec(shown) ?? [];
    switch (scheme.toLowerCase()) {
      case "bearer":
      case "cookie":
        return await byPassword(value, this.door);
      case "basic": {
        const [, user = "", password = ""] =
          /^([^:]*):(.*)$/s.exec(Buffer.from(value, "base64").toString("utf8")) ?? [];
        return await byPassword(issued.test(user) ? `${user}:${password}` : password, this.door);
      }
      default:
        throw this.door.refused(`nobody logs in by ${JSON.stringify(scheme.slice(0, 40))} over HTTP`);
    }
  }

  async #byCertificate(): Promise<Identity | undefined> {
    const peer = this.caller.tls?.peer;
    if (!peer) return undefined;
    this.#certified ??= this.door.certified(peer);
    const identity = await this.#certified;
    if (identity) this.#last = { shown: "", identity };
    return identity;
  }
}

/** The id of a short-lived credential. */
const issued = /^pc_[a-z0-9]+$/i;

/**
 * The credential that a request shows, as one text; "" where it shows none. `cookies`: the login cookie counts, where
 * no `Authorization` is there. Throws AmbiguousLogin.
 */
export function shownBy({ fields }: RequestHead, cookies: boolean): string {
  const authorization = fieldsOf(fields, "authorization");
  if (authorization.length > 1) throw new AmbiguousLogin();
  if (authorization[0] !== undefined) return authorization[0];
  if (!cookies) return "";
  const values = fieldsOf(fields, "cookie")
    .flatMap((value) => value.split(";"))
    .flatMap((pair) => {
      const [name, value] = pair.trim().split("=", 2);
      return name === loginCookie && value !== undefined ? [value] : [];
    });
  if (values.length > 1) throw new AmbiguousLogin();
  return values[0] === undefined ? "" : `cookie ${values[0]}`;
}
