import { byPassword, type Door, type Identity, type Wire } from "../../core/plugin.ts";
import { type Fields, fieldsOf, type RequestHead } from "./message.ts";
import { cookiesIn } from "./sign-in/cookies.ts";

/** More than one credential in a request, of which servers would choose in their own way. */
export class AmbiguousLogin extends Error {}

interface Known {
  readonly shown: string;
  readonly identity: Identity;
}

/** Whose the requests of one connection are. What was shown last is not verified again while it holds. */
export class Callers {
  #last: Known | undefined;
  /** What these fields show: a client repeats them, and then they are the same object. */
  #shown: { readonly fields: Fields; readonly cookie: string | undefined; readonly text: string } | undefined;
  #certified: Promise<Identity | undefined> | undefined;

  constructor(
    readonly door: Door,
    readonly caller: Wire,
  ) {}

  /** See `shownBy`. */
  shown(head: RequestHead, cookie: string | undefined): string {
    const last = this.#shown;
    if (last !== undefined && last.fields === head.fields && last.cookie === cookie) return last.text;
    const text = shownBy(head, cookie);
    this.#shown = { fields: head.fields, cookie, text };
    return text;
  }

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
    if (isByCookie(shown)) return await byPassword(shown.slice(cookieMark.length), this.door);
    const [, scheme = "", value = ""] = /^(\S+) +(\S+)$/.exec(shown) ?? [];
    switch (scheme.toLowerCase()) {
      case "bearer":
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

/** No field's value begins so (RFC 9110, 5.5): what a caller writes into `Authorization` is never taken for a cookie. */
const cookieMark = "\0";

/** The id of a short-lived credential. */
const issued = /^pc_[a-z0-9]+$/i;

/**
 * The credential that a request shows, as one text; "" where it shows none. `cookie`: the name of the login cookie,
 * which counts where no `Authorization` is there; undefined: none does. Throws AmbiguousLogin.
 */
export function shownBy({ fields }: RequestHead, cookie: string | undefined): string {
  const authorization = fieldsOf(fields, "authorization");
  if (authorization.length > 1) throw new AmbiguousLogin();
  if (authorization[0] !== undefined) return authorization[0];
  if (cookie === undefined) return "";
  const values = cookiesIn(fields).flatMap(([name, value]) => (name === cookie ? [value] : []));
  if (values.length > 1) throw new AmbiguousLogin();
  return values[0] ? `${cookieMark}${values[0]}` : "";
}

/** Of what `shownBy` returns: the browser added it, whoever had it send the request. */
export function isByCookie(shown: string): boolean {
  return shown.startsWith(cookieMark);
}
