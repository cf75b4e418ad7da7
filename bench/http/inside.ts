import { drainMicrotasks } from "bun:jsc";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Endings } from "../../core/endings.ts";
import type { OpenPolicy } from "../../core/gateway.ts";
import { Holds } from "../../core/holds.ts";
import { gateway, group } from "../../core/index.ts";
import { createLog } from "../../core/log.ts";
import { createMetrics } from "../../core/metrics.ts";
import type { RequestProtocol, Wire } from "../../core/plugin.ts";
import { RefusedLogins } from "../../core/refused-logins.ts";
import { Repeats } from "../../core/repeats.ts";
import { type RequestServices, serveRequests } from "../../core/requests.ts";
import { Sessions } from "../../core/sessions.ts";
import { Strangers } from "../../core/strangers.ts";
import { namedIdentities } from "../../core/testing/rig.ts";
import { openTrail } from "../../core/trail/open.ts";
import type { Trail } from "../../core/trail/trail.ts";
import { Visits } from "../../core/visits.ts";
import { MemoryWire } from "../../plugins/http/h1/testing/memory-wire.ts";
import { http } from "../../plugins/http/index.ts";
import { HttpReach } from "../../plugins/http/kit.ts";
import { record } from "../../plugins/record/index.ts";
import { alone } from "../alone.ts";
import { answerOf, requestsOf, type Shape, usual } from "./messages.ts";

/** What the gateway is asked to do: relay and tell, or keep what was asked and answered too. */
export const insideVariants = ["bare", "record"] as const;
export type InsideVariant = (typeof insideVariants)[number];

/** Callers that have one request under way each. */
const callers = 64;

/** Requests of one run: as many for each caller. */
export const requestsOfRun = callers * 16;

/** A wire that takes everything and keeps nothing; `told` hears that something was written. */
class Sink extends MemoryWire {
  constructor(readonly told: (wire: Sink) => void) {
    super();
  }

  override write(): boolean {
    this.told(this);
    return true;
  }
}

/** A gateway between sockets that do not exist, with a real trail. */
export interface Inside {
  /**
   * One run: every caller asks, the resource answers, in the order in which they would arrive. False: not all of it
   * passed, as the disk was late and what is recorded waited for it.
   */
  run(): boolean;
  /** Kept when all that waited has passed. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export async function openInside(variant: InsideVariant, shape: Shape = usual): Promise<Inside> {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-inside-"));
  const onFault = (error: Error) => {
    throw error;
  };
  // Nothing ends because the machine's disk is busy: a minute, whatever waits.
  const patient = { lateMs: 60_000, pauseMs: 60_000, recorder: 64 << 20 };
  const trail = await openTrail({
    dataDir,
    stream: "inside",
    role: "worker",
    strict: false,
    ...patient,
    onFault,
  });
  const asked: Sink[] = [];
  const services = servicesOf(trail, dataDir, await policyOf(variant, shape, (wire) => asked.push(wire)));
  const [listener] = services.current().policy.listen;
  const [{ protocol } = { protocol: undefined }] = Object.values(services.current().policy.resources);
  if (!listener || !protocol) throw new Error("the policy names what is measured");
  let answered = 0;
  let due = 0;
  const wires = Array.from({ length: callers }, () => new Sink(() => answered++));
  for (const wire of wires) void serveRequests(wire, listener, protocol as RequestProtocol, services);
  const [request, answer] = [requestsOf(shape), answerOf(shape)];
  let sent = 0;
  const turn = () => {
    for (const wire of wires) {
      wire.arrive(request(sent++));
      drainMicrotasks();
    }
    for (const wire of asked.splice(0)) {
      wire.arrive(answer);
      drainMicrotasks();
    }
  };
  // The session opens, connections are made; the recording's first segment is being made.
  turn();
  await Bun.sleep(500);
  for (const wire of asked.splice(0)) wire.arrive(answer);
  await Bun.sleep(10);
  return {
    run() {
      answered = 0;
      due = requestsOfRun;
      for (let times = 0; times < requestsOfRun / callers; times++) turn();
      return answered >= due;
    },
    async settled() {
      while (answered < due) {
        await Bun.sleep(10);
        for (const wire of asked.splice(0)) wire.arrive(answer);
      }
    },
    async close() {
      await trail.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

/** Connections to a resource that does not exist. */
class MemoryReach extends HttpReach {
  asked: (wire: Sink) => void = () => {};

  protected override dial(): Promise<Wire> {
    return Promise.resolve(new Sink(this.asked));
  }
}

async function policyOf(
  variant: InsideVariant,
  { others }: Shape,
  asked: (wire: Sink) => void,
): Promise<OpenPolicy> {
  const resource = http({ url: "http://127.0.0.1:9" });
  const protocol: typeof resource.protocol = {
    ...resource.protocol,
    async reach(permit) {
      const reach = new MemoryReach(permit.config, await permit.credential());
      reach.asked = asked;
      return reach;
    },
  } as typeof resource.protocol;
  const names = Array.from({ length: others }, (_, index) => `other-${index}`);
  const policy = gateway({
    listen: { http: { host: "127.0.0.1", port: 0, insecure: true } },
    identity: [namedIdentities],
    always: variant === "record" ? [record()] : [],
    resources: Object.fromEntries([
      ["origin", { ...resource, protocol }],
      ...names.map((name, index) => [name, http({ url: `http://127.0.0.1:${1000 + index}` })] as const),
    ]),
    rules: [
      ...names.map((name) => ({ name, who: group(name), on: name, may: ["read" as const] })),
      {
        name: "bench",
        who: group("bench"),
        on: "origin",
        may: variant === "record" ? ["read", "write"] : "all",
      },
    ],
  });
  const provider = await namedIdentities.open({ dataDir: "", loopbackOnly: true });
  return { policy, providers: [provider] };
}

/** As a worker has them (`core/gateway.ts`), without listeners. */
function servicesOf(trail: Trail, dataDir: string, open: OpenPolicy): RequestServices {
  const log = createLog({ level: "silent" });
  const metrics = createMetrics("bench");
  const endings = new Endings();
  const sessions = new Sessions({ trail, supervision: alone, log, metrics, endings });
  sessions.follow(open.policy);
  const services: RequestServices = {
    ...{ worker: 0, dataDir, trail, supervision: alone, log, metrics, sessions, endings },
    holds: new Holds(trail, alone),
    strangers: new Strangers(),
    refusedLogins: new RefusedLogins(trail),
    refusals: new Repeats(() => {}),
    visits: new Visits(
      () => services,
      (name) => open.policy.resources[name],
    ),
    current: () => open,
  };
  return services;
}
