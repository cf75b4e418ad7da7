import type { Endings } from "../endings.ts";
import { PosternError } from "../error.ts";
import { FrontDoor } from "../front-door.ts";
import { openProviders } from "../identity/providers.ts";
import type { OpenIdentityProvider } from "../identity.ts";
import {
  bundlePolicy,
  evaluatePolicy,
  PolicyNotLoaded,
  type PolicyWatch,
  probePolicy,
  watchPolicy,
} from "../loader.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { closeNotifiers, type Notifications, openNotifiers } from "../notify/notifications.ts";
import type { Opened } from "../notify/outbox.ts";
import type { Reason } from "../operation.ts";
import type { Policy } from "../policy.ts";
import { RefusedLogins } from "../refused-logins.ts";
import type { PolicyBundle, Supervision } from "../supervision.ts";
import type { Entry } from "../trail/entry.ts";
import type { Trail } from "../trail/trail.ts";
import { type Faces, facesOf, openSignals } from "../web/faces.ts";
import type { LoginMethod, OpenSignalSource } from "../web.ts";

export interface KeeperOptions {
  readonly path: string;
  readonly dataDir: string;
  readonly trail: Trail;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What identifies callers of the supervisor itself; asked for once the policy is loaded. */
  supervision(): Supervision;
  readonly notifications: Notifications;
  readonly endings: Endings;
}

/** A policy that has been checked, and what of it the supervisor needs. */
interface Loaded {
  readonly bundle: PolicyBundle;
  readonly policy: Policy;
  readonly providers: readonly OpenIdentityProvider[];
  readonly notifiers: readonly Opened[];
  readonly signals: readonly OpenSignalSource[];
  readonly faces: Faces;
}

/** Makes everything else follow a policy; rejects when nothing has changed. */
export type Adopt = (bundle: PolicyBundle, policy: Policy) => Promise<void>;

export interface PolicyState {
  readonly path: string;
  readonly version: string;
  readonly files: readonly string[];
  /** Epoch milliseconds. */
  readonly loadedAt: number;
  /** Why the files as they are now are not what is served; absent: they are. */
  readonly error?: Reason;
}

/** The policy that is served, and the way to the next one. */
export class PolicyKeeper {
  #loaded: Loaded | undefined;
  #loadedAt = 0;
  #error: Reason | undefined;
  #watch: PolicyWatch | undefined;
  #served: (() => void) | undefined;
  /** Reloads run one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  readonly #refusedLogins: RefusedLogins;

  constructor(readonly options: KeeperOptions) {
    this.#refusedLogins = new RefusedLogins(options.trail, (refusal) =>
      options.log.info(refusal, "a login was refused"),
    );
  }

  /** The first load: throws what is wrong with the file. */
  async load(): Promise<Loaded> {
    const loaded = await this.#read();
    this.#take(loaded);
    return loaded;
  }

  get policy(): Policy {
    return this.#current().policy;
  }

  /** The first provider that can mint tokens. */
  get minter(): Required<Pick<OpenIdentityProvider, "mint">> | undefined {
    for (const provider of this.#current().providers) {
      if (provider.mint) return { mint: provider.mint.bind(provider) };
    }
    return undefined;
  }

  /** What the policy's plugins answer over HTTP. */
  get faces(): Faces {
    return this.#current().faces;
  }

  /** How people sign in from the command line. */
  get logins(): readonly LoginMethod[] {
    return this.#current().providers.flatMap(({ login }) => login ?? []);
  }

  /** Where whoever asks over HTTP shows a token. */
  door(protocol: "control" | "web", remote: string): FrontDoor {
    const { endings } = this.options;
    const refusedLogins = this.#refusedLogins;
    const supervision = this.options.supervision();
    const listener = { protocol, host: "", port: 0, insecure: false };
    const { policy, providers } = this.#current();
    const { limits } = policy;
    return new FrontDoor(listener, remote, {
      ...{ refusedLogins, supervision, providers, limits, endings },
      dataDir: this.options.dataDir,
    });
  }

  state(): PolicyState {
    const { bundle } = this.#current();
    return {
      path: this.options.path,
      version: bundle.version,
      files: bundle.files,
      loadedAt: this.#loadedAt,
      ...(this.#error ? { error: this.#error } : {}),
    };
  }

  /** Reloads whenever a file of the policy changes. `served`: called now, and for every further policy. */
  follow(adopt: Adopt, served: () => void): void {
    this.#served = served;
    served();
    this.#watch = watchPolicy(this.#current().bundle.files, () => void this.reload(adopt));
  }

  /** Loads the files anew. Never throws: the state says why not. */
  reload(adopt: Adopt): Promise<PolicyState> {
    const next = this.#turn.then(() => this.#reload(adopt));
    this.#turn = next;
    return next;
  }

  close(): void {
    this.#watch?.close();
    closePlugins(this.#loaded);
    this.#refusedLogins.flush();
  }

  async #reload(adopt: Adopt): Promise<PolicyState> {
    const { log, metrics } = this.options;
    const version = this.#current().bundle.version;
    let next: Loaded | undefined;
    try {
      next = await this.#read();
      this.#needsNoRestart(next.policy);
      if (next.bundle.version !== version) await adopt(next.bundle, next.policy);
      this.#take(next);
      metrics.policyReloads.inc({ result: "ok" });
    } catch (error) {
      closePlugins(next);
      closeNotifiers(next?.notifiers ?? []);
      this.#refused(error, version);
      metrics.policyReloads.inc({ result: "refused" });
    }
    // Each evaluation leaves code behind; no caller waits in this process.
    Bun.gc(true);
    if (!this.#error && next?.bundle.version !== version) {
      log.info({ policy: next?.bundle.version }, "the policy was reloaded");
    }
    return this.state();
  }

  async #read(): Promise<Loaded> {
    const bundle = await bundlePolicy(this.options.path);
    await probePolicy(bundle);
    const policy = evaluatePolicy(bundle);
    const notifiers = await openNotifiers(policy);
    let providers: readonly OpenIdentityProvider[] = [];
    let signals: readonly OpenSignalSource[] = [];
    try {
      providers = await openProviders(policy, this.options.dataDir);
      signals = await openSignals(policy);
      return { bundle, policy, notifiers, providers, signals, faces: facesOf(providers, signals) };
    } catch (error) {
      closeNotifiers(notifiers);
      closePlugins({ providers, signals });
      throw error;
    }
  }

  #take(loaded: Loaded): void {
    const old = this.#loaded;
    this.#loaded = loaded;
    this.#loadedAt = Date.now();
    this.#error = undefined;
    const { version, files } = loaded.bundle;
    this.#watch?.files(files);
    closePlugins(old);
    this.options.notifications.follow(loaded.notifiers);
    this.#served?.();
    if (old?.bundle.version !== version) this.#note({ kind: "policy", version, files });
  }

  /** What processes are started with cannot change under them. */
  #needsNoRestart(next: Policy): void {
    const [now, then] = [startedWith(this.#current().policy), startedWith(next)];
    for (const setting of Object.keys(now) as (keyof typeof now)[]) {
      if (now[setting] === then[setting]) continue;
      throw new PosternError("policy.restart", `\`${setting}\` changed, which needs a restart.`, {
        hint: `Restart the gateway, or put \`${setting}\` back as it was.`,
      });
    }
  }

  #refused(error: unknown, version: string): void {
    const { log } = this.options;
    const message = error instanceof Error ? error.message : String(error);
    this.#error = reasonOf(error, message);
    log.error({ reason: this.#error, serving: version }, "the new policy was refused, the old one stays");
    this.#note({ kind: "policy-refused", message });
    // What must change for it to load may lie in files that the old policy did not have.
    if (error instanceof PolicyNotLoaded) {
      this.#watch?.files([...new Set([...this.#current().bundle.files, ...error.files])]);
    }
  }

  /** What has happened already does not become undone by a full disk. */
  #note(entry: Entry): void {
    try {
      this.options.trail.append(entry);
    } catch (error) {
      this.options.log.error({ error, entry: entry.kind }, "the trail could not take an entry");
    }
  }

  #current(): Loaded {
    if (!this.#loaded) throw new Error("The policy is used before it is loaded.");
    return this.#loaded;
  }
}

function startedWith({ workers, trail, health, store }: Policy) {
  return { workers, trail, health, store: store && `${store.url} by ${store.token?.label}` };
}

/** Notifiers are closed by those who tell them. */
function closePlugins(of: Pick<Loaded, "providers" | "signals"> | undefined): void {
  for (const plugin of [...(of?.providers ?? []), ...(of?.signals ?? [])]) plugin.close?.();
}

function reasonOf(error: unknown, message: string): Reason {
  const reason = error instanceof Error && "reason" in error ? (error.reason as Reason) : undefined;
  return reason ?? { code: "policy.refused", message };
}
