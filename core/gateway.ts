import { protocolOf, serveConnection } from "./connection.ts";
import type { Ending } from "./ending.ts";
import { Endings } from "./endings.ts";
import { PosternError } from "./error.ts";
import type { Grant } from "./grant.ts";
import { Holds } from "./holds.ts";
import { openProviders, vouchedFor } from "./identity/providers.ts";
import type { Identity, OpenIdentityProvider } from "./identity.ts";
import { Listeners, type Opened } from "./listeners.ts";
import { evaluatePolicy } from "./loader.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Reason } from "./operation.ts";
import type { Policy } from "./policy.ts";
import type { ListenerInfo } from "./protocol.ts";
import { RefusedLogins } from "./refused-logins.ts";
import { Repeats } from "./repeats.ts";
import { type RequestServices, serveRequests } from "./requests.ts";
import { Sessions } from "./sessions.ts";
import { Strangers } from "./strangers.ts";
import type { HoldAnswer, PolicyBundle, Ports, Supervised, Supervision } from "./supervision.ts";
import type { Trail } from "./trail/trail.ts";
import { Visits } from "./visits.ts";
import type { Wire } from "./wire.ts";
import type { ListenerAddress } from "./worker-calls.ts";

export interface GatewayOptions {
  readonly dataDir: string;
  readonly trail: Trail & { close(): Promise<void> };
  readonly supervision: Supervision;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A policy with its identity providers open. */
export interface OpenPolicy {
  readonly policy: Policy;
  readonly providers: readonly OpenIdentityProvider[];
}

/** All that a policy needs, open. */
interface Prepared extends OpenPolicy {
  readonly opened: Opened;
}

/** What sessions that are told to end at a stop may take for it. */
const farewellMs = 2_000;
/** What unmaking their credentials may take then. */
const unmakingMs = 2_000;

/** The traffic-carrying part of one worker process. */
export class Gateway implements Supervised {
  readonly #sessions: Sessions;
  readonly #holds: Holds;
  readonly #services: RequestServices;
  readonly #listeners: Listeners;
  readonly #endings = new Endings();
  #open: OpenPolicy | undefined;
  #prepared: Prepared | undefined;

  constructor(readonly options: GatewayOptions) {
    const { dataDir, trail, supervision, log, metrics } = options;
    this.#listeners = new Listeners(log, (caller, listener) => this.#serve(caller, listener));
    this.#sessions = new Sessions({ trail, supervision, log, metrics, endings: this.#endings });
    this.#holds = new Holds(trail, supervision);
    const [sessions, holds] = [this.#sessions, this.#holds];
    const refusals = new Repeats((refused, more) =>
      log.warn({ refused, more }, "more connections were refused"),
    );
    const endings = this.#endings;
    const shared = { dataDir, trail, supervision, log, metrics, sessions, holds, endings };
    const visits = new Visits(
      () => this.#services,
      (name) => this.#open?.policy.resources[name],
    );
    this.#services = {
      ...shared,
      visits,
      current: () => this.#served,
      strangers: new Strangers(),
      refusedLogins: new RefusedLogins(trail, (refusal) => log.info(refusal, "a login was refused")),
      refusals,
    };
  }

  /** Where callers connect, once a policy is served. */
  get addresses(): readonly ListenerAddress[] {
    return this.#listeners.addresses;
  }

  async prepare(bundle: PolicyBundle, ports: Ports): Promise<Ports> {
    return await this.#prepare(evaluatePolicy(bundle), ports);
  }

  async commit(): Promise<void> {
    const next = this.#prepared;
    if (!next) throw new PosternError("worker.not-prepared", "No policy was prepared.");
    const old = this.#open;
    this.#prepared = undefined;
    this.#open = next;
    this.#sessions.follow(next.policy, (identity) => vouchedFor(next.providers, identity));
    this.#listeners.use(next.opened);
    close(old);
  }

  async discard(): Promise<void> {
    const { opened } = this.#prepared ?? {};
    if (opened) this.#listeners.discard(opened);
    close(this.#prepared);
    this.#prepared = undefined;
  }

  /** An evaluated policy, all or nothing: prepared and committed, or the old one stays as it is. */
  async follow(policy: Policy): Promise<void> {
    await this.#prepare(policy, {});
    await this.commit();
  }

  settle(hold: string, answer: HoldAnswer): Promise<{ refused?: string }> {
    return this.#holds.settle(hold, answer);
  }

  async answerable(by: Identity): Promise<readonly string[]> {
    return this.#holds.answerable(by);
  }

  async endSession(id: string, reason: Reason): Promise<boolean> {
    return this.#sessions.end(id, reason);
  }

  async endAccess(ending: Ending): Promise<void> {
    this.#endings.add(ending);
    this.#sessions.endCovered(ending);
  }

  async liftEnding(ending: Ending): Promise<void> {
    this.#endings.lift(ending);
  }

  async useGrants(grants: readonly Grant[]): Promise<void> {
    this.#sessions.useGrants(grants);
  }

  async delivered(protocol: string, message: Uint8Array): Promise<void> {
    if (this.#open) await protocolOf(this.#open, protocol).delivered?.(message);
  }

  metrics(): Promise<unknown> {
    this.options.metrics.holdOpen.set(this.#holds.size);
    return this.options.metrics.registry.getMetricsAsJSON();
  }

  async stop(graceMs: number): Promise<void> {
    await this.discard();
    this.#listeners.stop();
    this.#services.visits.stop();
    if (!(await this.#sessions.empty(graceMs))) {
      this.#sessions.endAll({ code: "gateway.stopping", message: "The gateway is shutting down." });
      await this.#sessions.empty(farewellMs);
    }
    await this.#sessions.unmade(unmakingMs);
    this.#sessions.stop();
    close(this.#open);
    this.#services.refusedLogins.flush();
    await this.options.trail.close();
  }

  async #prepare(policy: Policy, ports: Ports): Promise<Ports> {
    await this.discard();
    const providers = await openProviders(policy, this.options.dataDir);
    try {
      const opened = this.#listeners.prepare(policy, ports);
      this.#prepared = { policy, providers, opened };
      return this.#listeners.chosen(opened);
    } catch (error) {
      close({ providers });
      throw error;
    }
  }

  #serve(caller: Wire, listener: ListenerInfo): void {
    const open = this.#open;
    if (!open) return caller.destroy();
    this.#way(caller, listener, open).catch((error) => {
      this.#services.log.error({ error }, "a connection failed");
      caller.destroy();
    });
  }

  async #way(caller: Wire, listener: ListenerInfo, open: OpenPolicy): Promise<void> {
    const protocol = protocolOf(open, listener.protocol);
    if ("serve" in protocol) await serveRequests(caller, listener, protocol, this.#services);
    else await serveConnection(caller, listener, open, protocol, this.#services);
  }

  get #served(): OpenPolicy {
    if (!this.#open) throw new PosternError("policy.none", "The gateway has no policy yet.");
    return this.#open;
  }
}

function close(open: Pick<OpenPolicy, "providers"> | undefined): void {
  for (const provider of open?.providers ?? []) provider.close?.();
}
