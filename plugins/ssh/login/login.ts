import type { AuthContext, AuthenticationType, Connection } from "ssh2";
import { byPassword, type Door, type Identity, PosternError, type Wire } from "../../../core/plugin.ts";
import { allTerms, type CallerTerms } from "../caller.ts";
import { fingerprint } from "../keys/public-key.ts";
import { sendBanner, worded } from "../message.ts";
import { byKeyboard } from "./device.ts";
import { byPublicKey } from "./public-key.ts";

/** Proofs that failed, after which there is no further try. */
const mostFailures = 6;
/** Keys that a client may offer: it asks for each whether it is known. */
const mostOffers = 30;

/** Fingerprints that one entry of the trail names. */
const namedKeys = 3;

/** For whoever types what `postern credentials issue` prints as two: SSH's user name says the resource. */
const passwordForm = "As a password this gateway takes a token, or USER:PASSWORD of an issued credential.";

export interface LoggedIn {
  readonly identity: Identity;
  readonly terms: CallerTerms;
  /** The user name that it logged in with. */
  readonly user: string;
}

/** SSH user authentication (RFC 4252): tries what the client shows until something is good, or it was too often. */
export class Login {
  readonly #failed = Promise.withResolvers<never>();
  readonly #methods: AuthenticationType[];
  #failures = 0;
  /** Keys that were offered, by fingerprint: whether somebody is known by it. */
  readonly #offered = new Map<string, boolean>();
  #offers = 0;
  /** Somebody is in, or the trail has why not. */
  #told = false;

  /** `welcome` is called in the same step as the client is told, so that nothing that it asks for then is lost. */
  constructor(
    readonly connection: Connection,
    readonly caller: Pick<Wire, "remote" | "gone">,
    readonly door: Door,
    readonly welcome: (who: LoggedIn) => void,
  ) {
    this.#methods = ["publickey", "password", ...(door.device ? ["keyboard-interactive" as const] : [])];
    connection.on("authentication", (context) => {
      this.#try(context).catch((error: unknown) => this.#failed.reject(error));
    });
  }

  /** Rejects when there is no further try: with what the last one failed by, or `ssh.keys`. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /**
   * No more is to be tried. What showed nothing but keys that let nobody in is a failed login as any other; its client
   * has been told so already, key by key.
   */
  over(): void {
    if (this.#told || this.#offered.size === 0) return;
    this.#told = true;
    this.door.refused(checkOf(this.#offered), "key");
  }

  async #try(context: AuthContext): Promise<void> {
    try {
      const known = await this.#known(context);
      if (known === "asked") return context.accept();
      if (!known) return context.reject(this.#methods);
      const who = { ...known, user: context.username };
      const welcome = () => {
        this.#told = true;
        this.welcome(who);
      };
      this.connection.once("ready", welcome);
      context.accept();
      // Where the client had begun another try by then, this one is over, and nobody is welcome by it.
      this.connection.off("ready", welcome);
    } catch (error) {
      if (error instanceof PosternError && error.code === "identity.refused") this.#told = true;
      if (!(error instanceof PosternError) || ++this.#failures >= mostFailures) throw error;
      const form = context.method === "password" ? `\r\n${passwordForm}` : "";
      sendBanner(this.connection, `${worded(error.reason)}${form}`);
      context.reject(this.#methods);
    }
  }

  /** `asked`: the key is known, and the client has not signed with it yet. */
  async #known(context: AuthContext): Promise<Omit<LoggedIn, "user"> | "asked" | undefined> {
    switch (context.method) {
      case "publickey": {
        if (++this.#offers > mostOffers) throw this.#tooManyKeys();
        const known = await byPublicKey(context, this.caller.remote, this.door);
        this.#offered.set(fingerprint(context.key.data), known !== undefined);
        return known && !known.proved ? "asked" : known;
      }
      case "password":
        // A client that changes its password sends two.
        if (typeof context.password !== "string") return undefined;
        return { identity: await byPassword(context.password, this.door), terms: allTerms };
      case "keyboard-interactive": {
        const { device } = this.door;
        const identity = device && (await byKeyboard(context, device, this.door, this.caller.gone));
        return identity && { identity, terms: allTerms };
      }
      default:
        return undefined;
    }
  }

  #tooManyKeys(): PosternError {
    this.#failures = mostFailures;
    return new PosternError("ssh.keys", `The client offered more than ${mostOffers} keys.`, {
      hint: 'Name the right one: ssh -o IdentitiesOnly=yes -i FILE, or "IdentitiesOnly yes" in ~/.ssh/config.',
    });
  }
}

/** For the operator: `nobody is known by SHA256:…, SHA256:… and 3 more`. */
function checkOf(offered: ReadonlyMap<string, boolean>): string {
  const known = [...offered].filter(([, somebody]) => somebody).map(([key]) => key);
  if (known.length > 0) return `${list(known)} is known, and nothing was signed with it`;
  return `nobody is known by ${list([...offered.keys()])}`;
}

function list(keys: readonly string[]): string {
  const more = keys.length - namedKeys;
  return `${keys.slice(0, namedKeys).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
