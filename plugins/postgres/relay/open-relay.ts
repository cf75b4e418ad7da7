import { type EndListener, Pump, type Reason, type Wire } from "../../../core/plugin.ts";
import { reasonError } from "../refuse.ts";
import { terminate } from "../wire/query.ts";
import { Admission } from "./admission.ts";
import { CallerCodec } from "./caller.ts";
import { Copies } from "./copied.ts";
import { Cork } from "./cork.ts";
import { Endings } from "./endings.ts";
import { Exchange, type Services } from "./exchange.ts";
import { Lock } from "./lock.ts";
import { Preparation } from "./prepare.ts";
import { Results } from "./results.ts";
import { Running } from "./run.ts";
import { ServerCodec } from "./server.ts";
import { SqlNames } from "./sql-names.ts";
import { Streams } from "./stream.ts";

/** Milliseconds a message half-way to the caller has, once its session must end. */
const lastMessage = 500;

/** The two codecs of a session around what both know, joined by core's pump. */
export function openRelay(caller: Wire, resource: Wire, services: Services, locked = false): OpenRelay {
  const exchange = new Exchange(services);
  const admission = new Admission(exchange);
  const cork = new Cork(exchange);
  const sqlNames = new SqlNames(exchange);
  const results = new Results(exchange);
  const streams = new Streams(exchange);
  const lock = new Lock(exchange, locked);
  const pump = new Pump({
    caller,
    resource,
    gate: services.gate,
    buffer: services.limits.buffer,
    toResource: new CallerCodec(
      exchange,
      admission,
      cork,
      new Preparation(exchange, admission, cork),
      new Running(exchange, admission, cork, sqlNames, lock),
      streams,
      lock,
    ),
    toCaller: new ServerCodec(
      exchange,
      results,
      new Copies(exchange, results),
      new Endings(exchange, sqlNames),
      streams,
      lock,
    ),
  });
  exchange.pump = pump;
  return new OpenRelay(exchange, admission, pump);
}

/** A session's relay from its first message to its end. */
export class OpenRelay implements EndListener {
  constructor(
    readonly exchange: Exchange,
    readonly admission: Admission,
    readonly pump: Pump,
  ) {}

  /** Resolves when it is over, and those who knew of it have been told. */
  carry(neighbours?: { left(): void }): Promise<void> {
    this.pump.start();
    this.exchange.services.gate.onEnd(this);
    return this.pump.finished.then(() => this.#over(neighbours));
  }

  /** Its caller is told why, at a message boundary where one is near. */
  sessionEnds(): void {
    const { exchange, pump } = this;
    const { gate } = exchange.services;
    if (exchange.over) return;
    exchange.leave();
    pump.inject("toCaller", reasonError("FATAL", gate.signal.reason as Reason, gate.session.id));
    if (pump.atBoundary("toResource")) pump.inject("toResource", terminate);
    if (pump.atBoundary("toCaller")) pump.close();
    else setTimeout(() => pump.close(), lastMessage);
  }

  #over(neighbours: { left(): void } | undefined): void {
    try {
      this.exchange.release();
      this.admission.withdraw("abandoned");
    } finally {
      neighbours?.left();
    }
  }
}
