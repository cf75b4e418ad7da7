import { issueCredential } from "../credential/issue.ts";
import { rulesFor } from "../decide.ts";
import type { EndingWish } from "../ending.ts";
import { PosternError } from "../error.ts";
import type { Grant } from "../grant.ts";
import { chain, type Identity, identityKey, identityLabel, parties } from "../identity.ts";
import type { Policy } from "../policy.ts";
import type { StoredCredential } from "../store/credentials.ts";
import type { Store } from "../store/store.ts";
import type { IssuedCredential } from "../supervision.ts";

/** The most that one list shows. */
const longest = 1000;

export interface IssuedParts {
  readonly store: Pick<Store, "call">;
  policy(): Policy;
  /** Those that are open now. */
  grants(): readonly Grant[];
  /** Durable in the trail when it resolves. */
  admin(what: string, by: string, target: string): Promise<void>;
  end(wish: EndingWish): Promise<unknown>;
  /** Follows whether what the identity was proved with goes on to hold. */
  rests(credential: string, on: Identity): void;
}

export interface IssueWish {
  readonly resource?: string;
  /** Milliseconds. */
  readonly ttl: number;
  readonly once?: boolean;
  readonly from?: string;
}

/** The caller credentials that the gateway issues: made, listed and taken back. */
export class Issued {
  constructor(readonly parts: IssuedParts) {}

  /** A user name and password that stand for this identity. Throws PosternError `credential.*`, `policy.no-rule`, `store.*`. */
  async issue(identity: Identity, wish: IssueWish): Promise<{ issued: IssuedCredential; password: string }> {
    const { store, policy, admin } = this.parts;
    const { resource = identity.resource } = wish;
    if (resource !== undefined && !Object.hasOwn(policy().resources, resource)) {
      throw new PosternError("credential.resource", `There is no resource named ${resource}.`, {
        hint: "`postern whoami` lists those that you may use.",
      });
    }
    this.#mustHaveUse(identity, resource);
    const grant = resource === undefined ? undefined : this.#grantFor(identity, resource);
    const request = { ...wish, ...(grant === undefined ? {} : { grant }) };
    const { password, ...issued } = await issueCredential(identity, request);
    await admin("credential-issue", label(identity), issued.id);
    await store.call("addCredential", issued);
    this.parts.rests(issued.id, identity);
    return { issued, password };
  }

  /** Newest first. `of`: those of this identity alone; `all`: also those that are good no more. */
  async list(of: Identity | undefined, all: boolean): Promise<readonly StoredCredential[]> {
    const about = of && parties(of).map(({ subject }) => subject);
    const found = await this.parts.store.call("credentials", {
      all,
      limit: longest,
      ...(about && { about }),
    });
    return of ? found.filter(({ identity }) => isOwn(identity, of)) : found;
  }

  /**
   * Takes it back, on every gateway of the store; sessions that it opened end. `of`: only if it is this
   * identity's. Throws PosternError `credential.unknown`.
   */
  async revoke(id: string, of: Identity | undefined, by: string): Promise<void> {
    const known = await this.parts.store.call("storedCredential", id);
    if (!known || (of && !isOwn(known.identity, of))) {
      throw new PosternError("credential.unknown", `There is no credential ${id}.`, {
        hint: "`postern credentials list --all` shows those that there were.",
      });
    }
    const who = of ? "its owner" : "an operator";
    await this.parts.end({
      of: { kind: "credential", id },
      by: of ? label(of) : by,
      reason: {
        code: "credential.revoked",
        message: `The credential ${id} was revoked by ${who}.`,
        hint: "Ask for another one: `postern credentials issue`.",
      },
    });
  }

  /** Whoever has a token of the identity provider could fill the store. Throws PosternError `policy.no-rule`. */
  #mustHaveUse(identity: Identity, resource: string | undefined): void {
    const policy = this.parts.policy();
    const usable = (resource === undefined ? Object.keys(policy.resources) : [resource]).some((name) => {
      const { rights, hint } = rulesFor(policy, identity, name, this.parts.grants());
      return rights.length > 0 || hint !== undefined;
    });
    if (usable) return;
    const what = resource ?? "any resource";
    throw new PosternError("policy.no-rule", `No rule lets ${identityLabel(identity)} use ${what}.`, {
      hint: "`postern whoami` lists what you may use, or ask for.",
    });
  }

  /** What alone lets this identity use the resource now: the grant that lasts longest. */
  #grantFor(identity: Identity, resource: string): Grant | undefined {
    const { policy, grants } = this.parts;
    const enters = (grants: readonly Grant[]) =>
      rulesFor(policy(), identity, resource, grants).rights.length > 0;
    if (enters([])) return undefined;
    return grants()
      .filter((grant) => enters([grant]))
      .sort((one, other) => other.until - one.until)[0];
  }
}

/** Whether it stands for exactly this identity, or for somebody who acts for it. */
function isOwn(identity: Identity, of: Identity): boolean {
  return chain(identity).some((party) => identityKey(party) === identityKey(of));
}

/** `https://login… agent-7 for https://login… alice`. */
function label(identity: Identity): string {
  return parties(identity)
    .map(({ issuer, subject }) => `${issuer} ${subject}`)
    .join(" for ");
}
