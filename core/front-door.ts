import type { X509Certificate } from "node:crypto";
import { randomBytes } from "node:crypto";
import { decoyVerifier } from "./credential/scram.ts";
import type { Endings } from "./endings.ts";
import { PosternError } from "./error.ts";
import { newId } from "./id.ts";
import {
  type CallerCredential,
  type Identity,
  NotAccepted,
  type OpenIdentityProvider,
  type ScramVerifier,
} from "./identity.ts";
import type { Limits } from "./policy.ts";
import type { Door, ListenerInfo } from "./protocol.ts";
import type { Supervision } from "./supervision.ts";
import type { Trail } from "./trail/trail.ts";

/** Makes the salt of an unknown id look like any other: the same one each time. */
const decoySecret = randomBytes(32);

/** No token of an identity provider is longer. */
const tokenLimit = 64 * 1024;

export interface DoorServices {
  readonly trail: Trail;
  readonly supervision: Supervision;
  readonly providers: readonly OpenIdentityProvider[];
  readonly limits: Limits;
  readonly endings: Endings;
}

/** What one new connection may ask of core before it has a session. */
export class FrontDoor implements Door {
  constructor(
    readonly listener: ListenerInfo,
    readonly remote: string,
    readonly services: DoorServices,
  ) {}

  get limits(): Limits {
    return this.services.limits;
  }

  async identify(credential: CallerCredential): Promise<Identity> {
    try {
      const identity = await this.#proved(credential);
      const against = this.services.endings.against(identity);
      if (against) throw new NotAccepted(`${against.reason.message} (${against.id})`);
      if (identity.expires !== undefined && identity.expires <= Date.now()) throw new NotAccepted("expired");
      return identity;
    } catch (error) {
      throw this.#refused(error);
    }
  }

  async verifier(id: string): Promise<ScramVerifier> {
    const known = await this.services.supervision.credential(id);
    return known?.verifier ?? decoyVerifier(decoySecret, id);
  }

  refused(check: string): PosternError {
    return this.#refused(new NotAccepted(check));
  }

  deliver(worker: number, message: Uint8Array): Promise<void> {
    return this.services.supervision.deliver(worker, this.listener.protocol, message);
  }

  #proved(credential: CallerCredential): Promise<Identity> {
    if (credential.kind === "token") return this.#byToken(credential.token);
    if (credential.kind === "certificate") return this.#byCertificate(credential.certificate);
    return this.#issued(credential.id);
  }

  async #byCertificate(certificate: X509Certificate): Promise<Identity> {
    for (const provider of this.services.providers) {
      const identity = await provider.certified?.(certificate);
      if (identity) return identity;
    }
    throw new NotAccepted("no identity provider knows this certificate");
  }

  async #byToken(token: string): Promise<Identity> {
    if (token.length === 0) throw new NotAccepted("no token was given");
    if (token.length > tokenLimit) throw new NotAccepted("the token is too long");
    for (const provider of this.services.providers) {
      const identity = await provider.identify(token);
      if (identity) return identity;
    }
    throw new NotAccepted("no identity provider knows this token");
  }

  async #issued(id: string): Promise<Identity> {
    const known = await this.services.supervision.credential(id);
    if (!known) throw new NotAccepted("the credential is unknown, expired or revoked");
    const refused = await this.services.supervision.credentialUsed(id, this.remote);
    if (refused !== undefined) throw new NotAccepted(refused);
    return known.identity;
  }

  /** The operator learns which check failed; the caller only an id to quote. */
  #refused(error: unknown): PosternError {
    const id = newId("ref");
    const check =
      error instanceof NotAccepted || error instanceof PosternError
        ? error.message
        : `the identity provider failed (${error instanceof Error ? error.name : "unknown"})`;
    this.services.trail.append({
      kind: "login-refused",
      protocol: this.listener.protocol,
      remote: this.remote,
      id,
      check,
    });
    return new PosternError("identity.refused", `The credential was not accepted (${id}).`, {
      hint: `Get a fresh token. The operator finds the reason: postern audit query --text ${id}`,
      cause: error,
    });
  }
}
