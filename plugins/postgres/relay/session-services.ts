import type { Examination, Link, Permit } from "../../../core/plugin.ts";
import { type StartupState, startupState } from "../accept.ts";
import { type Cancellable, cancelKeys, cancelOnServer, type GivenKey } from "../cancel.ts";
import { type Catalogue, catalogueOf, enter, leave, type May, meaningsFor } from "../catalogue.ts";
import type { PostgresConfig } from "../config.ts";
import { defined } from "../defined.ts";
import type { DialedState } from "../dial.ts";
import type { Asked } from "../examine/asked.ts";
import { closeExaminations, type ExaminedSession, examination, served, serving } from "../examine/index.ts";
import type { Meanings } from "../meaning/index.ts";
import { classifyApart, columnsOf, loadFor } from "../sql/index.ts";
import { usualSettings } from "../startup/usual.ts";
import type { Services } from "./exchange.ts";
import type { OpenRelay } from "./open-relay.ts";
import { classifyFor } from "./statement.ts";

/** What the relay of a session asks of its neighbours, and what they know of it until it leaves. */
export class SessionServices implements Services, ExaminedSession, Cancellable {
  readonly gate: Link["gate"];
  readonly limits: Link["limits"];
  readonly config: PostgresConfig;
  readonly replication: StartupState["replication"];
  readonly classify: Services["classify"];
  readonly columnsOf = columnsOf;
  readonly loadFor = loadFor;
  readonly permit: (purpose: string) => Permit<PostgresConfig>;
  readonly deliver: Link["deliver"];
  readonly dialed: ExaminedSession["dialed"];
  readonly catalogue: Catalogue;
  readonly meanings: Meanings;
  #relay: OpenRelay | undefined;
  #own: GivenKey | undefined;

  /** Keeps nothing of the link but what is read here: the caller's start-up and the server's can go. */
  constructor(link: Link<PostgresConfig>, { target, key, parameters, ownRole }: DialedState) {
    const { gate, limits, config, controlPermit, deliver } = link;
    this.gate = gate;
    this.limits = limits;
    this.config = config;
    this.replication = startupState(link.arrival).replication;
    this.classify = classifierOf(link);
    this.permit = controlPermit;
    this.deliver = deliver;
    this.dialed = { target, parameters: usualSettings(parameters), ...(key ? { key } : {}) };
    this.catalogue = catalogueOf(config, controlPermit);
    this.meanings = meaningsFor(config, controlPermit, !ownRole);
  }

  /** Until `left`. Returns the caller's key to have its work cancelled. */
  enter(relay: OpenRelay, version: number): GivenKey {
    const { key, target } = this.dialed;
    this.#relay = relay;
    this.#own = cancelKeys.register(key?.processId, version, this);
    enter(this.config);
    if (key) serving(this.gate.session, target, key.processId);
    return this.#own;
  }

  left(): void {
    const { key, target } = this.dialed;
    if (key) served(this.gate.session, target, key.processId);
    leave(this.config, () => closeExaminations(this.config));
    this.#own?.release();
  }

  cancelled(): void | Promise<void> {
    const { admission, exchange } = this.#relay ?? {};
    if (!exchange || admission?.withdraw("cancelled") || exchange.owed.length === 0) return;
    return this.cancel();
  }

  async cancel(): Promise<void> {
    const { key, target } = this.dialed;
    if (key) await cancelOnServer(target, key).catch(() => {});
  }

  invalidate(may: May): void {
    defined(this.config, may, this.deliver);
  }

  examine(asked: Asked): Examination {
    return examination(this, asked);
  }
}

export function classifierOf({ arrival }: Link<PostgresConfig>): Services["classify"] {
  const { replication } = startupState(arrival);
  return replication === undefined ? classifyApart : classifyFor(replication);
}
