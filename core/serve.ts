import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { controlApp } from "./control/app.ts";
import { healthApp } from "./control/health.ts";
import { listenControl, listenHealth } from "./control/listen.ts";
import { Endings } from "./endings.ts";
import { createLog, type LogOptions, logCrashes } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import type { Notice, NoticeType } from "./notifier.ts";
import { Notifications } from "./notify/notifications.ts";
import type { Policy } from "./policy.ts";
import { openStore } from "./store/store.ts";
import { openIndex } from "./store/trail-index.ts";
import { Board } from "./supervisor/board.ts";
import { takeDataFolder } from "./supervisor/data-folder.ts";
import { EndingKeeper } from "./supervisor/ending-keeper.ts";
import { FailedLogins } from "./supervisor/failed-logins.ts";
import { Fleet } from "./supervisor/fleet.ts";
import { gatewayId } from "./supervisor/gateway-id.ts";
import { GrantKeeper } from "./supervisor/grant-keeper.ts";
import { PolicyKeeper } from "./supervisor/policy-keeper.ts";
import { followSignals } from "./supervisor/signals.ts";
import { signingKey } from "./supervisor/signing-key.ts";
import { Sweeper } from "./supervisor/sweeper.ts";
import { newStream, workerPlan } from "./supervisor/worker-plan.ts";
import { Supervisor } from "./supervisor.ts";
import { openTrail } from "./trail/open.ts";
import { recover } from "./trail/recover.ts";
import { restoreStreams } from "./trail/restore.ts";
import { heads } from "./trail/streams.ts";
import type { ListenerAddress } from "./worker-calls.ts";

export interface ServeOptions {
  readonly policyPath: string;
  readonly dataDir: string;
  readonly log?: Pick<LogOptions, "level" | "pretty">;
  /** Milliseconds that sessions get to end by themselves at a stop. Default 10 s. */
  readonly graceMs?: number;
  /** Milliseconds after which a worker that answers nothing is killed. Default 5 s. */
  readonly blockedMs?: number;
}

/** What notifiers may take at a stop to deliver what they have. */
const noticeGraceMs = 2_000;

/** A gateway that serves. */
export interface Running {
  readonly dataDir: string;
  readonly policyVersion: string;
  readonly addresses: readonly ListenerAddress[];
  /** Graceful: sessions get their grace, trail and store are closed. Safe to call twice. */
  stop(): Promise<void>;
  /** Resolves when it has stopped, by `stop` or a signal, with undefined or what forced it to stop. */
  readonly stopped: Promise<string | undefined>;
}

/**
 * Starts a gateway in this process and its workers beside it; resolves when callers are served. What
 * was left open by an earlier one is closed in the trail before anything listens. SIGTERM and SIGINT stop
 * it, a second one at once; SIGHUP reloads the policy. Rejects with the PosternError that is in the way.
 */
export async function serve(options: ServeOptions): Promise<Running> {
  const { graceMs = 10_000, blockedMs = 5_000 } = options;
  const dataDir = resolve(options.dataDir);
  const log = createLog({ ...options.log, process: "supervisor" });
  const metrics = createMetrics();
  const stopped = Promise.withResolvers<string | undefined>();
  let running: AsyncDisposableStack | undefined;
  let stopping: Promise<void> | undefined;
  await using opening = new AsyncDisposableStack();

  const crashes = logCrashes(log);
  opening.defer(() => crashes.close());
  const lock = await takeDataFolder(dataDir);
  opening.defer(() => lock.release());

  const key = signingKey(dataDir);
  restoreStreams(dataDir);
  const previous = heads(dataDir);
  const since = Date.now();
  const stream = newStream("supervisor");
  const trail = await openTrail({
    ...{ dataDir, stream, role: "supervisor", strict: false, signingKey: key.pem, previous },
    onFault: (error) => {
      log.fatal({ error }, "the audit trail of the supervisor is dead");
      void stop(error.message);
    },
  });
  opening.defer(() => trail.close());
  const abandoned = recover(
    dataDir,
    trail,
    previous.map((head) => head.stream),
  );
  if (abandoned.length > 0) log.warn({ count: abandoned.length }, "an earlier gateway left things open");

  const indexed = (count: number) => metrics.indexed.inc(count);
  const noticed = (notices: readonly Notice[]) => notifications.tell(notices);
  const index = await openIndex({ dataDir, log, live: [stream], since, indexed, noticed });
  opening.defer(() => index.close());
  // A call that does not reach it finds no index: `readyz` says so.
  trail.watchRest((rests) => void index.call("streamRests", stream, rests).catch(() => {}));

  const wants = (types: readonly NoticeType[]) => void index.call("notify", types).catch(() => {});
  const notifications = new Notifications({ trail, log, metrics, wants });
  opening.defer(async () => {
    if (notifications.any) await index.call("fresh").catch(() => {});
    await notifications.close(noticeGraceMs);
  });
  const board = new Board(metrics);
  const endings = new Endings();
  const path = resolve(options.policyPath);
  const keeper = new PolicyKeeper({
    path,
    dataDir,
    trail,
    log,
    metrics,
    notifications,
    endings,
    supervision: () => plan.supervision(0),
  });
  opening.defer(() => keeper.close());
  const { bundle, policy } = await keeper.load();

  const shared = policy.store === undefined ? {} : { server: policy.store };
  const store = await openStore({ dataDir, log, ...shared });
  opening.defer(() => store.close());
  const gateway = gatewayId(dataDir);
  const sweeper = new Sweeper({ gateway, store, board, trail, log, policy: () => keeper.policy });
  opening.defer(() => sweeper.close());
  const plan = workerPlan({
    gateway,
    ...{ dataDir, board, index, store, trail, endings, signingKey: key.path, log: options.log ?? {} },
    failedLogins: new FailedLogins(metrics),
    deliver: (...message) => fleet.deliver(...message),
    browsers: () => supervisor.browsers,
    grants: () => grants.open,
    deaf: () => ends.deaf,
    died: (worker) => sweeper.workerDied(worker),
  });
  const ends = new EndingKeeper({
    ...{ trail, store, endings, log },
    tell: (call, ending) => fleet.each((worker) => worker.call(call, ending)),
  });
  opening.defer(() => ends.close());
  await ends.load();
  if (policy.store !== undefined) ends.follow();
  const starting = (worker: number) => plan.starting(worker, policy);
  const fleet = new Fleet({ blockedMs, log, metrics, ...plan, starting });
  const grants = new GrantKeeper({
    ...{ trail, store, log },
    shared: policy.store !== undefined,
    policy: () => keeper.policy,
    tell: (open) => fleet.each((worker) => worker.call("useGrants", open)),
  });
  opening.defer(() => grants.close());
  await grants.start();
  const parts = {
    version: manifest.version,
    dataDir,
    trail,
    index,
    store,
    board,
    fleet,
    keeper,
    endings: ends,
    grants,
    metrics,
    log,
  };
  const supervisor = new Supervisor(parts);
  const control = listenControl(dataDir, controlApp(supervisor).fetch);
  opening.defer(() => control.stop());
  if (policy.health !== undefined) {
    const health = listenHealth(policy.health, healthApp(supervisor).fetch);
    opening.defer(() => health.stop());
  }

  opening.defer(() => fleet.stop(graceMs));
  await fleet.start(workerCount(policy), bundle);
  supervisor.web.prepare(policy.web).use();
  opening.defer(() => supervisor.web.stop());
  keeper.follow(supervisor.adopt, () => grants.policyChanged());
  sweeper.start();
  const signals = followSignals({
    reload: () => void supervisor.reload(),
    stop: () => void stop(),
    stopNow: () => {
      fleet.kill();
      process.exit(1);
    },
  });

  running = opening.move();
  function stop(why?: string): Promise<void> {
    stopping ??= (async () => {
      log.info(why === undefined ? {} : { why }, "stopping");
      await running?.disposeAsync();
      signals.close();
      stopped.resolve(why);
    })();
    return stopping;
  }
  const addresses = await supervisor.addresses();
  log.info(
    { policy: bundle.version, listeners: addresses, workers: fleet.workers().length, dataDir },
    "ready",
  );
  return { dataDir, policyVersion: bundle.version, addresses, stop: () => stop(), stopped: stopped.promise };
}

function workerCount({ workers }: Policy): number {
  return workers === "auto" ? availableParallelism() : workers;
}
