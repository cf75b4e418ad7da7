import { type ConnectionServices, protocolOf, serveConnection } from "./connection.ts";
import { Holds } from "./holds.ts";
import { openProviders } from "./identity/providers.ts";
import type { OpenIdentityProvider } from "./identity.ts";
import { evaluatePolicy } from "./loader.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Reason } from "./operation.ts";
import type { ListenerConfig, Policy } from "./policy.ts";
import type { ListenerInfo } from "./protocol.ts";
import { Sessions } from "./sessions.ts";
import { listenWires, type WireListener } from "./socket.ts";
import type { HoldAnswer, PolicyBundle, Supervised, Supervision } from "./supervision.ts";
import type { Trail } from "./trail/trail.ts";

export interface GatewayOptions {
  /** Index of this worker; several share the listeners' ports. */
  readonly worker: number;
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

interface Listening {
  readonly config: ListenerConfig;
  readonly listener: WireListener;
}

/** What sessions that are told to end at a stop may take for it. */
const farewellMs = 2_000;

/** The traffic-carrying part of one worker process. */
export class Gateway implements Supervised {
  readonly #sessions: Sessions;
  readonly #holds: Holds;
  readonly #services: ConnectionServices;
  #open: OpenPolicy | undefined;
  #listening = new Map<string, Listening>();

  constructor(readonly options: GatewayOptions) {
    const { worker, trail, supervision, log, metrics } = options;
    this.#sessions = new Sessions({ trail, supervision, log, metrics });
    this.#holds = new Holds(trail, supervision);
    const [sessions, holds] = [this.#sessions, this.#holds];
    this.#services = { worker, trail, supervision, log, metrics, sessions, holds };
  }

  /** Where callers connect, once a policy is adopted. */
  get addresses(): { protocol: string; host: string; port: number }[] {
    return [...this.#listening.values()].map(({ config, listener }) => ({
      protocol: config.protocol,
      host: config.host,
      port: listener.port,
    }));
  }

  /** All or nothing: evaluated, providers and new listeners open, or the old policy stays as it is. */
  adopt(bundle: PolicyBundle): Promise<void> {
    return this.follow(evaluatePolicy(bundle));
  }

  /** What `adopt` does with an evaluated policy. */
  async follow(policy: Policy): Promise<void> {
    const providers = await openProviders(policy, this.options.dataDir);
    let listening: Map<string, Listening>;
    try {
      listening = this.#listen(policy);
    } catch (error) {
      for (const provider of providers) provider.close?.();
      throw error;
    }
    const old = this.#open;
    this.#open = { policy, providers };
    for (const [key, { listener }] of this.#listening) if (!listening.has(key)) listener.stop();
    this.#listening = listening;
    this.#sessions.follow(policy);
    for (const provider of old?.providers ?? []) provider.close?.();
  }

  settle(hold: string, answer: HoldAnswer): Promise<{ refused?: string }> {
    return this.#holds.settle(hold, answer);
  }

  async endSession(id: string, reason: Reason): Promise<boolean> {
    return this.#sessions.end(id, reason);
  }

  async delivered(protocol: string, message: Uint8Array): Promise<void> {
    if (this.#open) await protocolOf(this.#open, protocol).delivered?.(message);
  }

  metrics(): Promise<unknown> {
    this.options.metrics.holdOpen.set(this.#holds.size);
    return this.options.metrics.registry.getMetricsAsJSON();
  }

  async stop(graceMs: number): Promise<void> {
    for (const { listener } of this.#listening.values()) listener.stop();
    this.#listening.clear();
    if (!(await this.#sessions.empty(graceMs))) {
      this.#sessions.endAll({ code: "gateway.stopping", message: "The gateway is shutting down." });
      await this.#sessions.empty(farewellMs);
    }
    this.#sessions.stop();
    for (const provider of this.#open?.providers ?? []) provider.close?.();
    await this.options.trail.close();
  }

  /** New listeners open before old ones close; one that stays the same stays open. */
  #listen(policy: Policy): Map<string, Listening> {
    const wanted = new Map<string, Listening>();
    try {
      for (const config of policy.listen) {
        const key = JSON.stringify(config);
        wanted.set(key, this.#listening.get(key) ?? this.#openListener(config, policy));
      }
    } catch (error) {
      for (const [key, { listener }] of wanted) if (!this.#listening.has(key)) listener.stop();
      throw error;
    }
    return wanted;
  }

  #openListener(config: ListenerConfig, policy: Policy): Listening {
    const { resource, ...where } = config;
    let port = config.port;
    const listener = listenWires(
      { host: config.host, port: config.port, shared: policy.workers !== 1 },
      (caller) => {
        const open = this.#open;
        if (!open) return caller.destroy();
        const info: ListenerInfo = { ...where, port, ...(resource === undefined ? {} : { resource }) };
        serveConnection(caller, info, open, this.#services).catch((error) => {
          this.#services.log.error({ error }, "a connection failed");
          caller.destroy();
        });
      },
    );
    port = listener.port;
    return { config, listener };
  }
}
