import { EventEmitter, once } from "node:events";
import { PosternError } from "../error.ts";
import { Gateway } from "../gateway.ts";
import { type Identity, type IdentityProvider, NotAccepted } from "../identity.ts";
import { createLog } from "../log.ts";
import { createMetrics } from "../metrics.ts";
import type { Policy } from "../policy.ts";
import type { Beginning } from "../recording/beginning.ts";
import { connectWire, listenWires, type WireListener } from "../socket.ts";
import type { HoldInfo, Supervision } from "../supervision.ts";
import { Places } from "../supervisor/places.ts";
import type { Entry, Written } from "../trail/entry.ts";
import type { Trail } from "../trail/trail.ts";
import type { Wire } from "../wire.ts";
import { type LineStream, lineStream } from "./protocols/line-stream.ts";

/** Tokens of this provider are `subject`, `subject:group,group` or `subject:group,group:person`; `bad` is not accepted. */
export const namedIdentities: IdentityProvider = {
  name: "named",
  async open() {
    return {
      async identify(token): Promise<Identity> {
        const [subject = "", groups = "", person] = token.split(":");
        if (subject === "bad") throw new NotAccepted("its name is bad");
        return {
          ...{ issuer: "test", subject, kind: "person", groups: groups.split(",").filter(Boolean) },
          ...(person === undefined ? {} : { person }),
        };
      },
    };
  },
};

/** A trail in memory, durable when the test says so. */
export class MemoryTrail implements Trail {
  readonly strict: boolean;
  readonly entries: Written[] = [];
  readonly recorded: { session: string; kind: string; data: unknown }[] = [];
  /** While set, nothing becomes durable until the promise is kept (or broken). */
  stall: Promise<void> | undefined;
  full = false;
  readonly appended = new EventEmitter();

  constructor(options: { strict?: boolean } = {}) {
    this.strict = options.strict === true;
  }

  append(entry: Entry): number {
    if (this.full) throw new PosternError("trail.full", "The trail has no room.");
    const seq = this.entries.length;
    this.entries.push({ ...entry, seq, time: Date.now() });
    this.appended.emit(entry.kind);
    return seq;
  }

  durable(): Promise<void> | undefined {
    return this.stall;
  }

  record(session: string) {
    return {
      id: `recording of ${session}`,
      event: (kind: string, data: unknown) => void this.recorded.push({ session, kind, data }),
      again: (beginning: Beginning, rest: Buffer, length: number) => {
        const { name, data } = beginning.with(rest, length);
        this.recorded.push({ session, kind: name, data });
      },
      bytes: (data: Uint8Array) =>
        void this.recorded.push({ session, kind: "bytes", data: Buffer.from(data).toString("utf8") }),
      close() {},
    };
  }

  async close() {}

  of<K extends Entry["kind"]>(kind: K): Written<Extract<Entry, { kind: K }>>[] {
    return this.entries.filter((entry) => entry.kind === kind) as Written<Extract<Entry, { kind: K }>>[];
  }
}

/** A real gateway in this process, with a trail in memory and a supervisor that only takes notes. */
export class Rig {
  readonly trail: MemoryTrail;
  readonly holds: HoldInfo[] = [];
  readonly events = new EventEmitter();
  readonly supervision: Supervision;
  readonly gateway: Gateway;
  readonly places = new Places();
  readonly #opened: { stop(): void }[] = [];

  constructor(options: { strict?: boolean; dataDir?: string } = {}) {
    this.trail = new MemoryTrail(options);
    this.supervision = {
      place: async (session, identity, limits) => this.places.take(0, session, identity, limits),
      sessionOpened: () => this.events.emit("opened"),
      sessionClosed: (id) => {
        this.places.giveBack(id);
        this.events.emit("closed", id);
      },
      holdOpened: (hold) => {
        this.holds.push(hold);
        this.events.emit("hold", hold);
      },
      holdApproved: (id, by) => this.events.emit("hold-approved", { id, by }),
      holdEnded: (id, how) => this.events.emit("hold-ended", { id, how }),
      credential: async () => undefined,
      credentialUsed: async () => undefined,
      leased: async () => "gw_test",
      released: () => {},
      loginFailed: async () => 0,
      beginLogin: async () => undefined,
      finishLogin: () => Promise.reject(new PosternError("identity.refused", "Nobody signs in here.")),
      signOut: async () => {},
      trailRests() {},
      deliver: (protocol, message) => this.gateway.delivered(protocol, message),
    };
    this.gateway = new Gateway({
      dataDir: options.dataDir ?? "/nonexistent",
      trail: this.trail,
      supervision: this.supervision,
      log: createLog({ level: "silent" }),
      metrics: createMetrics("test"),
    });
  }

  async follow(policy: Policy): Promise<void> {
    await this.gateway.follow(policy);
  }

  /** A backend that answers each line by what `answer` returns. */
  backend(answer: (line: string, wire: Wire) => void | Promise<void>): number {
    const listener: WireListener = listenWires({ host: "127.0.0.1", port: 0 }, async (wire) => {
      const lines = lineStream(wire);
      for (let line = await lines.next(); line !== undefined; line = await lines.next())
        await answer(line, wire);
      wire.end();
    });
    this.#opened.push(listener);
    return listener.port;
  }

  /** Connects as an ordinary client would; the greeting is sent. */
  async connect(token: string, resource: string, protocol?: string): Promise<Client> {
    const wire = await this.dial(protocol);
    const client = {
      wire,
      lines: lineStream(wire),
      say: (line: string) => void wire.write(Buffer.from(`${line}\n`)),
    };
    client.say(`hello ${token} ${resource}`);
    return client;
  }

  async dial(protocol?: string): Promise<Wire> {
    const address = this.gateway.addresses.find(
      (each) => protocol === undefined || each.protocol === protocol,
    );
    const wire = await connectWire({ host: "127.0.0.1", port: address?.port ?? 0, timeout: 1_000 });
    this.#opened.push({ stop: () => wire.destroy() });
    return wire;
  }

  async event(name: "opened" | "closed" | "hold" | "hold-approved" | "hold-ended"): Promise<unknown> {
    return (await once(this.events, name))[0];
  }

  async stop(): Promise<void> {
    for (const each of this.#opened) each.stop();
    await this.gateway.stop(0);
  }
}

export interface Client {
  readonly wire: Wire;
  readonly lines: LineStream;
  say(line: string): void;
}
