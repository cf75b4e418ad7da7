import { longestLife } from "../credential/issue.ts";
import { rulesFor } from "../decide.ts";
import { milliseconds } from "../duration.ts";
import { PosternError } from "../error.ts";
import { challengeOf, randomSecret, sameText } from "../identity/login-codes.ts";
import { type Identity, NotAccepted } from "../identity.ts";
import { ShortLived } from "../short-lived.ts";
import type { BegunLogin, BrowserLoginWish, FinishedLogin, ShownLogin, Supervision } from "../supervision.ts";
import type { Supervisor } from "../supervisor.ts";
import type { BrowserSignIn, WebFace } from "../web.ts";
import { toolsOf } from "./face-routes.ts";

interface Begun extends BrowserLoginWish {
  /** The face that signs in. */
  readonly path: string;
  readonly provider: string;
  readonly challenge: string;
}

/** A provider that signs people in with a browser. */
type SigningIn = WebFace & { readonly browser: BrowserSignIn };

/**
 * People who come to a resource with a browser. They sign in at the policy's first identity provider that can, and get
 * a credential for that one resource; the provider's token does not leave this process.
 */
export class BrowserLogins implements Pick<Supervision, "beginLogin" | "finishLogin" | "signOut"> {
  /** Anybody can begin one: who begins many loses their own, and nobody else's before ten sources do. */
  readonly #begun = new ShortLived<Begun>(10 * 60_000, 10_000, 1_000);

  constructor(readonly supervisor: Supervisor) {}

  async beginLogin(wish: BrowserLoginWish, remote: string): Promise<BegunLogin | undefined> {
    const { supervisor } = this;
    const { keeper, log } = supervisor.parts;
    const face = [...keeper.faces.identity.values()].find(signsIn);
    if (!face || supervisor.web.url === "") return undefined;
    const [state, verifier] = [randomSecret(), randomSecret()];
    const challenge = challengeOf(verifier);
    const tools = toolsOf(supervisor, `identity/${face.path}`, keeper.door("web", remote));
    const { redirectUri } = wish;
    try {
      const to = await face.browser.begin({ redirectUri, state, challenge }, tools);
      this.#begun.put(state, { ...wish, provider: face.path, challenge }, tools.source);
      return { to, state, verifier };
    } catch (error) {
      log.warn({ error, provider: face.path }, "nobody can sign in with a browser");
      throw new PosternError("login.provider", "The identity provider cannot be asked to sign you in now.", {
        hint: "Try again in a moment. The operator finds the reason in the log.",
        cause: error,
      });
    }
  }

  async finishLogin(shown: ShownLogin, remote: string): Promise<FinishedLogin> {
    const { keeper, grants } = this.supervisor.parts;
    const door = keeper.door("web", remote);
    try {
      const { path, token } = await this.#redeemed(shown);
      const identity = await door.identify({ kind: "token", token });
      const { resource } = shown;
      const { lifetime = Number.POSITIVE_INFINITY } = rulesFor(
        keeper.policy,
        identity,
        resource,
        grants.open,
      );
      const ttl = Math.min(milliseconds(longestLife), lifetime);
      const { issued, password } = await this.supervisor.issued.issue(identity, { resource, ttl });
      return { credential: `${issued.id}.${password}`, expires: issued.expires, path };
    } catch (error) {
      if (!(error instanceof NotAccepted)) throw error;
      const refused = door.refused(`a browser's login: ${error.message}`);
      await door.mayLearn();
      throw refused;
    }
  }

  async signOut(identity: Identity): Promise<void> {
    const { credentialId } = identity;
    if (credentialId !== undefined) await this.supervisor.issued.revoke(credentialId, identity, "");
  }

  /**
   * One attempt ends it, a good one or not: a page of the resource's could have led its visitor through a login that
   * somebody else began, and hand on what came of it. Throws NotAccepted.
   */
  async #redeemed({
    state,
    resource,
    redirectUri,
    verifier,
    code,
  }: ShownLogin): Promise<{ path: string; token: string }> {
    const begun = this.#begun.take(state);
    if (!begun) throw new NotAccepted("none such began here, or it took too long, or it is over");
    if (begun.resource !== resource || begun.redirectUri !== redirectUri) {
      throw new NotAccepted("it began at another resource or host");
    }
    if (!sameText(challengeOf(verifier), begun.challenge)) throw new NotAccepted("another browser began it");
    const face = this.supervisor.parts.keeper.faces.identity.get(begun.provider);
    if (!face?.browser) throw new NotAccepted("its identity provider is not in the policy any more");
    return { path: begun.path, token: await face.browser.redeem({ code, verifier, redirectUri }) };
  }
}

function signsIn(face: WebFace): face is SigningIn {
  return face.browser !== undefined;
}
