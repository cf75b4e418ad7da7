import { type Link, Pump, type Reason, type Wire } from "../../../core/plugin.ts";
import { startupState } from "../accept.ts";
import { cancelKeys, cancelOnServer } from "../cancel.ts";
import { catalogueOf, enter, meaningsFor, runsAtLogin } from "../catalogue.ts";
import type { PostgresConfig } from "../config.ts";
import { defined } from "../defined.ts";
import { type DialedState, dialedState, waiting } from "../dial.ts";
import { closeExaminations, examination, serving } from "../examine/index.ts";
import { reasonError } from "../refuse.ts";
import {
  classifyApart,
  columnsOf,
  defaultSettings,
  loadFor,
  loadParser,
  type SessionSettings,
} from "../sql/index.ts";
import { askFor } from "../startup/asked.ts";
import { welcome } from "../welcome.ts";
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
import { classifyFor } from "./statement.ts";
import { Streams } from "./stream.ts";

/** Milliseconds a message half-way to the caller has, once its session must end. */
const lastMessage = 500;

/** Carries one session until either side is done (Protocol.relay). */
export async function relay(link: Link<PostgresConfig>): Promise<void> {
  await loadParser();
  const { caller, resource, gate, config } = link;
  const { dialed, settings } = await begun(link);
  const { parameters, target, key: serverKey } = dialed;
  const cancel = async () => {
    if (serverKey) await cancelOnServer(target, serverKey).catch(() => {});
  };
  const { version, replication, deliver } = startupState(link.arrival);
  const services: Services = {
    gate,
    limits: link.limits,
    replication,
    catalogue: catalogueOf(config, link.controlPermit),
    classify: classifierOf(link),
    columnsOf,
    loadFor,
    cancel,
    meanings: meaningsFor(config, link.controlPermit, !dialed.ownRole),
    invalidate: (may) => defined(config, may, deliver),
    examine: (asked) => examination({ config, dialed, permit: link.controlPermit }, asked),
  };
  const session = openRelay(caller, resource, services, dialed.locked ?? false);
  session.exchange.settings = settings;
  const own = cancelKeys.register(serverKey?.processId, version, () =>
    session.admission.withdraw("cancelled") || session.exchange.owed.length === 0 ? undefined : cancel(),
  );
  const left = enter(config, () => closeExaminations(config));
  const served = serving(gate.session, dialed);
  try {
    caller.write(welcome(parameters, own.key));
    await session.carry();
  } finally {
    served();
    left();
    own.release();
  }
}

function classifierOf({ arrival }: Link<PostgresConfig>): Services["classify"] {
  const { replication } = startupState(arrival);
  return replication === undefined ? classifyApart : classifyFor(replication);
}

/** Logged in, once policy has let pass what the start-up packet sets; and what texts mean under that. */
async function begun(
  link: Link<PostgresConfig>,
): Promise<{ readonly dialed: DialedState; readonly settings: SessionSettings }> {
  const { gate, config, dialed, controlPermit } = link;
  const waits = waiting(dialed);
  if (waits === undefined) return { dialed: dialedState(dialed), settings: defaultSettings };
  return await askFor(waits, {
    gate,
    classify: classifierOf(link),
    runsAtLogin: () => runsAtLogin(config, controlPermit),
  });
}

/** The two codecs of a session around what both know, joined by core's pump. */
export function openRelay(caller: Wire, resource: Wire, services: Services, locked = false) {
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
  const carry = async () => {
    const { signal } = services.gate;
    const end = () => farewell(exchange, pump, services);
    signal.addEventListener("abort", end, { once: true });
    pump.start();
    if (signal.aborted) end();
    await pump.finished;
    signal.removeEventListener("abort", end);
    exchange.release();
    admission.withdraw("abandoned");
  };
  return { exchange, admission, pump, carry };
}

/** The session must end: its caller is told why, at a message boundary where one is near. */
function farewell(exchange: Exchange, pump: Pump, { gate }: Services): void {
  if (exchange.over) return;
  exchange.leave();
  pump.inject("toCaller", reasonError("FATAL", gate.signal.reason as Reason, gate.session.id));
  if (pump.atBoundary("toResource")) pump.inject("toResource", terminate);
  if (pump.atBoundary("toCaller")) pump.close();
  else setTimeout(() => pump.close(), lastMessage);
}
