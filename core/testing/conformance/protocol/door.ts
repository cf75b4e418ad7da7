import { once } from "node:events";
import type { Guardrail } from "../../../guardrail.ts";
import type { Effect, Reason } from "../../../operation.ts";
import { gateway } from "../../../policy/gateway.ts";
import { defaultLimits, type Limits, type Policy } from "../../../policy.ts";
import type { Resource } from "../../../protocol.ts";
import type { HoldInfo } from "../../../supervision.ts";
import { group } from "../../../who.ts";
import { namedIdentities, Rig } from "../../rig.ts";
import { soon, until } from "../soon.ts";
import { type Address, Tap } from "../tap.ts";
import type { ProtocolClient, ProtocolSubject, Sample } from "./subject.ts";

export interface DoorOptions {
  readonly under?: readonly Guardrail[];
  readonly limits?: Partial<Limits>;
  readonly strict?: boolean;
  readonly chopped?: boolean;
}

/** Milliseconds that a session which requests make up may rest. */
const restMs = 250;

export const lead = { issuer: "test", subject: "lea", kind: "person", groups: ["leads"] } as const;

/** A gateway before the subject's service, with a tap on either side. */
export class Door {
  readonly #clients: ProtocolClient[] = [];
  private constructor(
    readonly subject: ProtocolSubject,
    readonly rig: Rig,
    readonly resource: Resource,
    /** Between client and gateway. */
    readonly caller: Tap,
    /** Between gateway and service. */
    readonly service: Tap,
    readonly options: DoorOptions,
  ) {}

  static async open(subject: ProtocolSubject, service: Address, options: DoorOptions = {}): Promise<Door> {
    const rig = new Rig({ strict: options.strict === true });
    const behind = await Tap.to(() => service);
    const before = await Tap.to(() => ({ host: "127.0.0.1", port: rig.gateway.addresses[0]?.port ?? 0 }));
    behind.chopped = before.chopped = options.chopped === true;
    const door = new Door(subject, rig, subject.resource(behind.address), before, behind, options);
    await rig.follow(door.policy());
    return door;
  }

  /** Readers may read, writers read and write, nobody else comes in. */
  policy(may: { readers?: readonly Effect[] } = {}, version = "1"): Policy {
    const { read, write, slow } = this.subject;
    const { readers = [read.effect] } = may;
    const under = [...(this.options.under ?? [])];
    const all = [...new Set([read.effect, write.effect, slow?.effect ?? read.effect])];
    const policy = gateway({
      listen: { [this.resource.protocol.name]: { port: 0, insecure: true } },
      identity: [namedIdentities],
      resources: { thing: this.resource, other: this.resource },
      rules: [
        { name: "readers", who: group("readers"), on: "thing", may: readers, under },
        { name: "writers", who: group("writers"), on: "thing", may: all, under },
      ],
    } as never);
    return { ...policy, version, limits: { ...defaultLimits, requestIdle: restMs, ...this.options.limits } };
  }

  async connect(token: string, resource = "thing"): Promise<ProtocolClient> {
    const to = { ...this.caller.address, token, resource };
    const client = await soon(this.subject.connect(to), `${token} logs in to ${resource}`);
    this.#clients.push(client);
    return client;
  }

  /** What the client was told when it was refused. */
  async refusal(token: string, resource?: string): Promise<string> {
    try {
      await this.connect(token, resource);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    throw new Error(`${token} came in to ${resource ?? "thing"}.`);
  }

  ask(client: ProtocolClient, { text }: { text: string }): Promise<string> {
    return soon(client.ask(text), `an answer to ${text}`);
  }

  /** How often the bytes of this operation went to the service. */
  reached({ text, marks = text }: Sample): number {
    return this.service.sent.split(Buffer.from(marks).toString("latin1")).length - 1;
  }

  get lastDenial(): Reason | undefined {
    return this.rig.trail.of("denied").at(-1)?.reason;
  }

  async held(asking: () => Promise<string>): Promise<{ hold: HoldInfo; answer: Promise<string> }> {
    const opened = once(this.rig.events, "hold");
    const answer = asking();
    answer.catch(() => {});
    const [hold] = (await soon(opened, "a hold opens")) as [HoldInfo];
    return { hold, answer };
  }

  /** A session is not a connection: requests make it up, and it ends once it has rested. */
  get byRequests(): boolean {
    return "serve" in this.resource.protocol;
  }

  /** Where a session is a connection, whatever ends it ends this client; else the client leaves by itself. */
  over(client: ProtocolClient): void {
    if (this.byRequests) client.close();
  }

  /** Session closed, and no connection left on either side. */
  async released(): Promise<void> {
    const { trail } = this.rig;
    await until("every session is closed", () => trail.of("close").length === trail.of("open").length);
    const { keeps = 0 } = this.subject;
    await until("no session's connection to the service is left", () => this.service.open <= keeps);
    await until("no connection of a caller is left", () => this.caller.open === 0);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.rig.stop();
    this.caller.close();
    this.service.close();
  }
}
