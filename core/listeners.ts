import type { ListenerConfig, Policy } from "./policy.ts";
import type { ListenerInfo } from "./protocol.ts";
import { listenWires, type WireListener } from "./socket.ts";
import type { Ports } from "./supervision.ts";
import type { Wire } from "./wire.ts";
import type { ListenerAddress } from "./worker-calls.ts";

interface Listening {
  readonly config: ListenerConfig;
  readonly listener: WireListener;
  /** Callers that came before the policy of their listener is served; undefined: it is. */
  early: Wire[] | undefined;
}

/** What a policy listens on, by listener; what it shares with the policy before it is the same object. */
export type Opened = ReadonlyMap<string, Listening>;

/** The listeners of this process. New ones open before old ones close, and one that stays the same stays open. */
export class Listeners {
  #open: Opened = new Map();

  constructor(readonly accept: (caller: Wire, listener: ListenerInfo) => void) {}

  get addresses(): ListenerAddress[] {
    return [...this.#open.values()].map(({ config: { protocol, host }, listener: { port } }) => ({
      protocol,
      host,
      port,
    }));
  }

  /** `ports`: chosen already, by another worker. Throws PosternError `listen.failed`, with nothing left open. */
  prepare(policy: Policy, ports: Ports): Opened {
    const opened = new Map<string, Listening>();
    try {
      for (const config of policy.listen) {
        const key = JSON.stringify(config);
        const port = config.port === 0 ? (ports[key] ?? 0) : config.port;
        opened.set(key, this.#open.get(key) ?? this.#listen({ ...config, port }, policy.workers !== 1));
      }
    } catch (error) {
      this.discard(opened);
      throw error;
    }
    return opened;
  }

  /** The ports of those whose policy leaves the choice. */
  chosen(opened: Opened): Ports {
    const free = [...opened].filter(([key]) => (JSON.parse(key) as ListenerConfig).port === 0);
    return Object.fromEntries(free.map(([key, { listener }]) => [key, listener.port]));
  }

  /** These and no others, from now on. */
  use(opened: Opened): void {
    for (const [key, { listener }] of this.#open) if (!opened.has(key)) listener.stop();
    this.#open = opened;
    for (const listening of opened.values()) {
      const { early = [] } = listening;
      listening.early = undefined;
      for (const caller of early) this.#accepted(caller, listening);
    }
  }

  /** What was prepared is not wanted after all. */
  discard(opened: Opened): void {
    for (const [key, { listener, early = [] }] of opened) {
      if (this.#open.has(key)) continue;
      listener.stop();
      for (const caller of early) caller.destroy();
    }
  }

  stop(): void {
    this.use(new Map());
  }

  #listen(config: ListenerConfig, shared: boolean): Listening {
    const { host, port } = config;
    const listener = listenWires({ host, port, shared }, (caller) => this.#accepted(caller, listening));
    const listening: Listening = { config, listener, early: [] };
    return listening;
  }

  #accepted(caller: Wire, { config, listener: { port }, early }: Listening): void {
    const { protocol, host, insecure, resource } = config;
    const info = { protocol, host, port, insecure, ...(resource === undefined ? {} : { resource }) };
    if (early) early.push(caller);
    else this.accept(caller, info);
  }
}
