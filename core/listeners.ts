import type { Log } from "./log.ts";
import type { ListenerConfig, Policy } from "./policy.ts";
import type { ListenerInfo } from "./protocol.ts";
import { listenWires, type WireListener } from "./socket.ts";
import type { Ports } from "./supervision.ts";
import { Certificates } from "./tls/certificates.ts";
import type { Wire } from "./wire.ts";
import type { ListenerAddress } from "./worker-calls.ts";

interface Listening {
  readonly config: ListenerConfig;
  readonly certificates: Certificates | undefined;
  readonly port: OpenPort;
}

interface OpenPort {
  readonly listener: WireListener;
  /** As what it serves callers; undefined: its policy is prepared and not served yet. */
  serves: Listening | undefined;
  /** Callers that came before. */
  early: Wire[];
}

/** What a policy listens on, by listener; what it shares with the policy before it is the same object. */
export type Opened = ReadonlyMap<string, Listening>;

/** The listeners of this process. New ones open before old ones close, and one that stays the same stays open. */
export class Listeners {
  #open: Opened = new Map();

  constructor(
    readonly log: Log,
    readonly accept: (caller: Wire, listener: ListenerInfo) => void,
  ) {}

  get addresses(): ListenerAddress[] {
    return [...this.#open.values()].map(({ config: { protocol, host }, port: { listener } }) => ({
      protocol,
      host,
      port: listener.port,
    }));
  }

  /** `ports`: chosen already, by another worker. Throws PosternError `listen.failed`, `tls.files`, with nothing left open. */
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
    return Object.fromEntries(free.map(([key, { port }]) => [key, port.listener.port]));
  }

  /** These and no others, from now on. */
  use(opened: Opened): void {
    const old = this.#open;
    this.#open = opened;
    close(old, opened);
    for (const listening of opened.values()) {
      const { port } = listening;
      const early = port.early;
      port.serves = listening;
      port.early = [];
      for (const caller of early) this.#accepted(caller, port);
    }
  }

  /** What was prepared is not wanted after all. */
  discard(opened: Opened): void {
    close(opened, this.#open);
  }

  stop(): void {
    this.use(new Map());
  }

  /** A listener whose settings change keeps its port, and the callers in its queue. */
  #listen(config: ListenerConfig, shared: boolean): Listening {
    const certificates = config.tls && new Certificates(config.tls, this.log);
    try {
      const same = [...this.#open.values()].find(
        (open) => open.config.host === config.host && open.port.listener.port === config.port,
      );
      return { config, certificates, port: same?.port ?? this.#openPort(config, shared) };
    } catch (error) {
      certificates?.close();
      throw error;
    }
  }

  #openPort({ host, port }: ListenerConfig, shared: boolean): OpenPort {
    const tls = () => opened.serves?.certificates?.current;
    const listener = listenWires({ host, port, shared, tls }, (caller) => this.#accepted(caller, opened));
    const opened: OpenPort = { listener, serves: undefined, early: [] };
    return opened;
  }

  #accepted(caller: Wire, { listener, serves, early }: OpenPort): void {
    if (serves) this.accept(caller, { ...serves.config, port: listener.port });
    else early.push(caller);
  }
}

/** What belongs to `from` and not to `kept`. */
function close(from: Opened, kept: Opened): void {
  const others = [...kept.values()];
  for (const listening of from.values()) {
    if (others.includes(listening)) continue;
    listening.certificates?.close();
    if (others.some(({ port }) => port === listening.port)) continue;
    listening.port.listener.stop();
    for (const caller of listening.port.early) caller.destroy();
  }
}
