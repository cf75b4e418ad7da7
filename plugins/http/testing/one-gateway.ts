import type {
  Identity,
  Outcome,
  Pass,
  RequestDoor,
  RequestProtocol,
  Statement,
  Visit,
  Wire,
} from "../../../core/plugin.ts";
import { decodeFrames, frameTypes } from "../../../core/recording/frames.ts";
import type { HttpTarget } from "../config.ts";
import { MemoryWire } from "../h1/testing/memory-wire.ts";
import { http } from "../index.ts";
import { HttpReach } from "../reach/reach.ts";

/** Of the credentials that rotate, for all gateways. */
export const now = { generation: 0 };

export function secretOf(whose: string, generation: number): string {
  return `canary-of-${whose}-${generation}`;
}

/** What is to be seen of one request. */
export interface Seen {
  readonly resource: string;
  readonly caller: string;
  readonly closed: boolean;
  readonly trail: readonly unknown[];
  readonly recorded: readonly string[];
}

class Reach extends HttpReach {
  readonly wires: MemoryWire[] = [];

  protected override dial(): Promise<Wire> {
    const wire = new MemoryWire();
    this.wires.push(wire);
    return Promise.resolve(wire);
  }
}

/** Everything one gateway has, but for what its process shares. */
export class Gateway {
  readonly #visits = new Map<string, { readonly visit: Visit<HttpTarget>; readonly reach: Reach }>();
  readonly #identities = new Map<string, Identity>();
  readonly trail: unknown[] = [];
  readonly recorded: Buffer[] = [];
  readonly #protocol: Pick<RequestProtocol, "serve">;
  readonly #resources: Record<string, HttpTarget>;

  /** `rotates`: the credential of its resources is another one in each generation. */
  constructor(readonly rotates: boolean) {
    const own = http({
      url: "http://127.0.0.1:9/base",
      routes: [{ method: "*", path: "/secret", effect: "execute" }],
    });
    const named = http({ url: "http://127.0.0.1:8", hosts: ["named.example"] });
    this.#protocol = own.protocol as unknown as RequestProtocol;
    this.#resources = { r: own.config, named: named.config };
  }

  dial(): MemoryWire {
    const caller = new MemoryWire();
    const door = {
      listener: { protocol: "http", host: "127.0.0.1", port: 1, insecure: true },
      limits: { header: 16 * 1024, authenticate: 10_000, buffer: 65_536, frame: 65_536 },
      resources: this.#resources,
      identify: async ({ token = "" }: { token?: string }) => this.#identity(token),
      certified: async () => undefined,
      browser: { begin: async () => undefined },
      refused: () => new Error("refused"),
      failed: (error: unknown) => this.trail.push(["failed", String(error)]),
      visit: async ({ identity, resource }: { identity: Identity; resource: string }) =>
        this.#visit(identity, resource).visit,
    };
    void this.#protocol.serve(caller, door as unknown as RequestDoor<never>);
    return caller;
  }

  get wires(): readonly MemoryWire[] {
    return [...this.#visits.values()].flatMap(({ reach }) => reach.wires);
  }

  close(): void {
    for (const { reach } of this.#visits.values()) reach.close();
  }

  #identity(token: string): Identity {
    const known =
      this.#identities.get(token) ??
      ({ name: token, groups: [], ...(token === "b" ? { resource: "r" } : {}) } as unknown as Identity);
    this.#identities.set(token, known);
    return known;
  }

  #visit(identity: Identity, resource: string) {
    const config = this.#resources[resource];
    if (!config) throw new Error(`no ${resource}`);
    const key = `${(identity as unknown as { name: string }).name}-${resource}`;
    const known = this.#visits.get(key);
    if (known) return known;
    const value = () => secretOf(key, this.rotates ? now.generation : 0);
    const current = this.rotates ? { current: async () => value() } : {};
    const reach = new Reach(config, { value: value(), ...current } as never);
    const signal = new AbortController().signal;
    const gate = {
      ...{ session: { id: "ses", identity, resource, effects: new Set() }, signal, recordsWire: true },
      passed: (bytes: Buffer) => void this.recorded.push(Buffer.from(bytes)),
      plan: (statement: Statement) => ({
        statement,
        verdict: statement.actions.every(({ effect }) => effect === "read" || effect === "write")
          ? "allow"
          : { deny: { code: "policy.denied", message: "No." } },
      }),
      begin: ({ statement, verdict }: { statement: Statement; verdict: object | "allow" }) => {
        this.trail.push([key, statement.text, statement.actions, verdict]);
        if (typeof verdict === "object") return verdict;
        const pass: Pass = {
          ...{ seq: 1, answer: undefined, ready: () => undefined },
          end: (how: Outcome) => void this.trail.push([key, how]),
        };
        return pass;
      },
    };
    const limits = { buffer: 65_536, frame: 65_536 };
    const visit = { gate, config, limits, reach, current: true, enter() {}, leave() {} };
    const made = { visit: visit as unknown as Visit<HttpTarget>, reach };
    this.#visits.set(key, made);
    return made;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What one request comes to; each that arrives at the resource is answered, in so many pieces. */
export async function ask(
  gateway: Gateway,
  caller: MemoryWire,
  request: Buffer,
  answer: readonly Buffer[],
): Promise<Seen> {
  // On a connection that was used before, a request that only looks is sent again where its answer breaks off.
  if (answer[0]?.includes("faulty")) for (const wire of gateway.wires) wire.finish();
  const from = { caller: caller.written.length, trail: gateway.trail.length };
  const before = new Map(gateway.wires.map((wire) => [wire, wire.written.length]));
  gateway.recorded.length = 0;
  caller.arrive(request);
  await turn();
  await turn();
  let resource = "";
  for (const wire of gateway.wires) {
    const sent = wire.written.slice(before.get(wire) ?? 0);
    resource += sent;
    if (!sent.includes("\r\n\r\n")) continue;
    for (const piece of sent.startsWith("HEAD") ? [headOf(answer)] : answer) {
      wire.arrive(piece);
      await turn();
    }
  }
  return {
    resource,
    caller: caller.written.slice(from.caller),
    closed: caller.closed,
    trail: gateway.trail.slice(from.trail),
    recorded: said(gateway.recorded),
  };
}

function headOf(answer: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(answer);
  return whole.subarray(0, whole.indexOf("\r\n\r\n") + 4);
}

/** What is in the frames, whatever pieces it came in and whatever the number of the exchange. */
function said(frames: readonly Buffer[]): string[] {
  const all: string[] = [];
  let last = -1;
  for (const { type, data } of decodeFrames(Buffer.concat(frames))) {
    const text = Buffer.from(data).toString("latin1");
    if (type === last && type === frameTypes.output) all[all.length - 1] += text;
    else all.push(`${type} ${text}`);
    last = type;
  }
  return all;
}
