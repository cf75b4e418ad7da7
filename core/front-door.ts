import type { X509Certificate } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { comesFrom } from "./credential/block.ts";
import { decoyVerifier } from "./credential/scram.ts";
import { outlivesLogin } from "./ending.ts";
import type { Endings } from "./endings.ts";
import { PosternError } from "./error.ts";
import type { DeviceLogin } from "./identity/device-login.ts";
import { vouchedFor } from "./identity/providers.ts";
import { Declined } from "./identity/token-endpoint.ts";
import {
  type CallerCredential,
  type Identity,
  type KeyOffer,
  NotAccepted,
  type OpenIdentityProvider,
  parties,
  type ScramVerifier,
} from "./identity.ts";
import { KeptOnce } from "./kept-once.ts";
import type { Reason } from "./operation.ts";
import type { Limits } from "./policy.ts";
import type { Door, ListenerInfo } from "./protocol.ts";
import type { RefusedLogins } from "./refused-logins.ts";
import { keepProof } from "./revalidation.ts";
import type { IssuedCredential, Supervision } from "./supervision.ts";
import type { Wire } from "./wire.ts";

/** No token of an identity provider is longer. */
const tokenLimit = 64 * 1024;

/** What was shown and not accepted, and what its owner can do. */
const next = {
  token: "Get a fresh token.",
  credential: "Ask for another one: postern credentials issue.",
  certificate: "Show one that is valid now, from here, and made for you.",
  key: "Show another key, or a certificate that is valid now and from here.",
  login: "Sign in again.",
} as const;

/** Eight that act for one another, and whom they act for: a longer chain helps nobody. */
const longestChain = 9;

/** Milliseconds that a person has to sign in with a browser, and how many may be at it in this process. */
const deviceTime = 5 * 60_000;
const mostSignIns = 64;
let signIns = 0;

/** Whoever comes by the same credential again is the same in every word. */
const issuedTo = new KeptOnce<Identity>();

export interface DoorServices {
  readonly refusedLogins: RefusedLogins;
  readonly supervision: Supervision;
  readonly providers: readonly OpenIdentityProvider[];
  readonly limits: Limits;
  readonly endings: Endings;
  readonly dataDir: string;
  /** Absent where no protocol asks (the control API). */
  readonly way?: DoorWay;
  /** Told whenever somebody has shown who they are. */
  known?(): void;
}

/** What lies behind the door of a protocol. */
export type DoorWay = Pick<Door, "enter" | "resources" | "denied">;

/** What one new connection may ask of core before it has a session. */
export class FrontDoor implements Door {
  /** Kept once the caller may learn of all that was refused so far. */
  #learns: Promise<unknown> = Promise.resolve();
  #waits = 0;
  /** Whose proof is being checked: looked up once a login. */
  #shown: IssuedCredential | undefined;

  constructor(
    readonly listener: ListenerInfo,
    readonly remote: string,
    readonly services: DoorServices,
  ) {}

  get limits(): Limits {
    return this.services.limits;
  }

  async identify(credential: CallerCredential): Promise<Identity> {
    return credential.kind === "token"
      ? await this.#proved("token", () => this.#byToken(credential.token))
      : await this.#proved("credential", () => this.#issued(credential.id));
  }

  async certified(certificate: X509Certificate): Promise<Identity | undefined> {
    return await this.#proved("certificate", async () => {
      for (const provider of this.services.providers) {
        const identity = await provider.certified?.(certificate);
        if (identity) return identity;
      }
      return undefined;
    });
  }

  async keyed(offer: KeyOffer): Promise<Identity | undefined> {
    return await this.#proved("key", async () => {
      for (const provider of this.services.providers) {
        const identity = await provider.keyed?.(offer);
        if (identity) return identity;
      }
      return undefined;
    });
  }

  get device(): Door["device"] {
    const provider = this.services.providers.find(({ device }) => device);
    return provider && ((show, signal) => this.#byDevice(provider, show, signal));
  }

  get discovery(): Door["discovery"] {
    return this.services.providers.find(({ discovery }) => discovery)?.discovery;
  }

  get dataDir(): string {
    return this.services.dataDir;
  }

  get resources(): Door["resources"] {
    return this.services.way?.resources ?? {};
  }

  /** Whether a refusal is held back now: it is not the caller who dawdles. */
  get waits(): boolean {
    return this.#waits > 0;
  }

  /** Resolves once the caller may learn of all that was refused so far. */
  async mayLearn(): Promise<void> {
    await this.#learns;
  }

  async verifier(id: string): Promise<ScramVerifier> {
    return await this.#checked("credential", async () => {
      const known = await this.services.supervision.credential(id);
      this.#shown = known;
      return known?.verifier ?? decoyVerifier(id);
    });
  }

  refused(check: string, shown: keyof typeof next = "credential"): PosternError {
    return this.#refused(shown, new NotAccepted(check));
  }

  enter(inner: Wire): void {
    if (this.services.way) this.services.way.enter(inner);
    else inner.destroy();
  }

  denied(identity: Identity, resource: string, reason: Reason): void {
    this.services.way?.denied(identity, resource, reason);
  }

  deliver(message: Uint8Array): Promise<void> {
    return this.services.supervision.deliver(this.listener.protocol, message);
  }

  /** What every identity must pass, however it was proved. */
  #proved<Proved extends Identity | undefined>(
    shown: keyof typeof next,
    prove: () => Promise<Proved>,
  ): Promise<Proved> {
    return this.#checked(shown, async () => {
      const identity = await prove();
      if (!identity) return undefined as Proved;
      this.#stillGood(identity);
      this.services.known?.();
      return identity;
    });
  }

  /** Whatever goes wrong, the caller learns only that it is not accepted. */
  async #checked<T>(shown: keyof typeof next, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const refused = this.#refused(shown, error);
      await this.mayLearn();
      throw refused;
    }
  }

  #stillGood(identity: Identity): void {
    const against = this.services.endings.against(identity);
    if (against) throw new NotAccepted(`${against.reason.message} (${against.id})`);
    if (identity.expires !== undefined && identity.expires <= Date.now()) throw new NotAccepted("expired");
    if (outlivesLogin(identity, Date.now())) throw new NotAccepted("its login may have ended by now");
    const { length } = parties(identity);
    if (length > longestChain) throw new NotAccepted(`${length} identities act for one another`);
  }

  async #byToken(token: string): Promise<Identity> {
    if (token.length === 0) throw new NotAccepted("no token was given");
    if (token.length > tokenLimit) throw new NotAccepted("the token is too long");
    for (const provider of this.services.providers) {
      const identity = await provider.identify(token);
      if (!identity) continue;
      keepProof(identity, provider, token);
      return identity;
    }
    throw new NotAccepted("no identity provider knows this token");
  }

  async #byDevice(
    provider: OpenIdentityProvider,
    show: (login: DeviceLogin) => void,
    caller: AbortSignal,
  ): Promise<Identity> {
    const signal = AbortSignal.any([caller, AbortSignal.timeout(deviceTime)]);
    if (signIns >= mostSignIns)
      throw this.refused("too many people are signing in by a browser at once", "login");
    signIns++;
    this.#waits++;
    try {
      const login = await this.#checked("login", async () => await provider.device?.(signal));
      if (!login) throw this.refused("the identity provider offers no device code", "login");
      show(login);
      const { token } = await this.#checked("login", () => login.tokens(signal));
      return await this.identify({ kind: "token", token });
    } finally {
      this.#waits--;
      signIns--;
    }
  }

  async #issued(id: string): Promise<Identity> {
    const shown = this.#shown;
    this.#shown = undefined;
    // What may have come meanwhile (its end, its use elsewhere) `credentialUsed` looks at; nothing else of it ever changes.
    const known = shown?.id === id ? shown : await this.services.supervision.credential(id);
    if (!known) throw new NotAccepted("the credential is unknown, expired or revoked");
    if (!vouchedFor(this.services.providers, known.identity)) {
      throw new NotAccepted(
        "the policy has no identity provider any more that vouches for whom it was issued to",
      );
    }
    if (known.from !== undefined && !comesFrom(known.from, this.remote)) {
      throw new NotAccepted(`the credential is good from ${known.from} only`);
    }
    const refused = await this.services.supervision.credentialUsed(id, this.remote);
    if (refused !== undefined) throw new NotAccepted(refused);
    return issuedTo.of(JSON.stringify(known.identity), known.identity);
  }

  /** The operator learns which check failed; the caller only an id to quote. */
  #refused(shown: keyof typeof next, error: unknown): PosternError {
    const check =
      error instanceof NotAccepted || error instanceof PosternError || error instanceof Declined
        ? error.message
        : `the identity provider failed (${error instanceof Error ? error.name : "unknown"})`;
    const { protocol } = this.listener;
    const id = this.services.refusedLogins.add({ protocol, remote: this.remote, check });
    this.#learns = Promise.all([this.#learns, this.#holdBack()]);
    return new PosternError("identity.refused", `The credential was not accepted (${id}).`, {
      hint: `${next[shown]} The operator finds the reason: postern audit query --text ${id}`,
      cause: error,
    });
  }

  /** Whoever fails again and again waits for the answer; see `FailedLogins`. */
  async #holdBack(): Promise<void> {
    const { supervision, limits } = this.services;
    this.#waits++;
    try {
      const wait = await supervision.loginFailed(this.remote);
      if (wait > 0) await pause(Math.min(wait, limits.loginDelay));
    } catch {
      // A supervisor that cannot count is about to end this process: the refusal stands all the same.
    } finally {
      this.#waits--;
    }
  }
}
