import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PosternError } from "./error.ts";
import { Gateway } from "./gateway.ts";
import { createLog, type Log, logCrashes } from "./log.ts";
import { type Message, openPeer, type Peer } from "./messages.ts";
import { createMetrics } from "./metrics.ts";
import type { Supervision } from "./supervision.ts";
import { takeLock } from "./supervisor/lock.ts";
import { openTrail } from "./trail/open.ts";
import type { StreamTrail } from "./trail/stream-trail.ts";
import type { WorkerCalls, WorkerStart } from "./worker-calls.ts";

/*
 * The entry of a worker process: one Gateway, driven by its supervisor over Bun's IPC. It does not outlive
 * the supervisor, and only the supervisor ends it.
 */

interface Opened {
  readonly gateway: Gateway;
  readonly trail: StreamTrail;
}

function serveAsWorker(): void {
  let opened: Opened | undefined;
  const beginning = Promise.withResolvers<Gateway>();
  const begun = (): Gateway => {
    if (!opened) throw new PosternError("worker.not-begun", "This worker has not begun.");
    return opened.gateway;
  };
  const calls: WorkerCalls = {
    async begin(start) {
      opened = await open(start, supervision(peer));
      for (const ending of start.endings) await opened.gateway.endAccess(ending);
      await opened.gateway.useGrants(start.grants);
      beginning.resolve(opened.gateway);
    },
    addresses: () => begun().addresses,
    ping: () => opened?.trail.status.state ?? "ok",
    prepare: (bundle, ports) => begun().prepare(bundle, ports),
    commit: () => begun().commit(),
    discard: () => begun().discard(),
    settle: (hold, answer) => begun().settle(hold, answer),
    answerable: (by) => begun().answerable(by),
    endSession: (id, reason) => begun().endSession(id, reason),
    // Told to those that are still beginning as well.
    endAccess: async (ending) => (await beginning.promise).endAccess(ending),
    liftEnding: async (ending) => (await beginning.promise).liftEnding(ending),
    useGrants: async (grants) => (await beginning.promise).useGrants(grants),
    delivered: (protocol, message) => begun().delivered(protocol, message),
    metrics: () => begun().metrics(),
    stop: (graceMs) => begun().stop(graceMs),
  };
  const peer = openPeer<Supervision, WorkerCalls>(calls, (message) => process.send?.(message));
  process.on("message", (message: Message) => peer.receive(message));
  // An orphan must not go on: nobody would answer its questions or close what it leaves open.
  process.on("disconnect", () => process.exit(1));
  // A terminal sends these to the whole group; the supervisor decides what becomes of its workers.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
}

async function open(start: WorkerStart, supervision: Supervision): Promise<Opened> {
  const { worker, dataDir, stream, strict, recorder, signingKey } = start;
  const name = `worker-${worker}`;
  const log = createLog({ ...start.log, process: name });
  logCrashes(log);
  const lock = takeLock(join(dataDir, `${name}.lock`));
  if ("heldBy" in lock) {
    throw new PosternError("worker.locked", `Process ${lock.heldBy} still serves as ${name}.`);
  }
  const metrics = createMetrics(name);
  const trail = await openTrail({
    dataDir,
    stream,
    role: "worker",
    strict,
    recorder,
    signingKey: readFileSync(signingKey, "utf8"),
    onFlush: (ms) => metrics.trailFlush.observe(ms / 1000),
    onFault: (error, session) => {
      if (session === undefined) void giveUp(error, gateway, log);
      else {
        metrics.limitsReached.of("recorder").value++;
        void gateway.endSession(session, error.reason);
      }
    },
  });
  const gateway = new Gateway({ dataDir, trail, supervision, log, metrics });
  trail.watchRest((rests) => supervision.trailRests(stream, rests));
  return { gateway, trail };
}

/** Nothing may pass without a trail: the supervisor puts a fresh worker in this one's place. */
async function giveUp(error: PosternError, gateway: Gateway, log: Log): Promise<never> {
  log.fatal({ error }, "the audit trail of this worker is dead");
  await gateway.stop(0).catch((error: unknown) => log.error({ error }, "it could not stop cleanly"));
  process.exit(3);
}

function supervision(peer: Peer<Supervision>): Supervision {
  return {
    place: (session, identity, limits) => peer.call("place", session, identity, limits),
    sessionOpened: (session) => peer.tell("sessionOpened", session),
    sessionClosed: (id) => peer.tell("sessionClosed", id),
    holdOpened: (hold) => peer.tell("holdOpened", hold),
    holdApproved: (id, by) => peer.tell("holdApproved", id, by),
    holdEnded: (id, how) => peer.tell("holdEnded", id, how),
    credential: (id) => peer.call("credential", id),
    credentialUsed: (id, remote) => peer.call("credentialUsed", id, remote),
    leased: (lease) => peer.call("leased", lease),
    released: (lease) => peer.tell("released", lease),
    loginFailed: (remote) => peer.call("loginFailed", remote),
    beginLogin: (wish, remote) => peer.call("beginLogin", wish, remote),
    finishLogin: (shown, remote) => peer.call("finishLogin", shown, remote),
    trailRests: (stream, rests) => peer.tell("trailRests", stream, rests),
    signOut: (identity) => peer.call("signOut", identity),
    deliver: (protocol, message) => peer.call("deliver", protocol, message),
  };
}

serveAsWorker();
