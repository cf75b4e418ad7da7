import type { Ended, Ending, EndingWish } from "./ending.ts";
import { PosternError } from "./error.ts";
import { type Identity, identityLabel } from "./identity.ts";
import type { Log } from "./log.ts";
import { type Metrics, renderMetrics } from "./metrics.ts";
import type { Policy } from "./policy.ts";
import type { Store } from "./store/store.ts";
import type { TrailIndex } from "./store/trail-index.ts";
import type { HoldAnswer, HoldInfo, PolicyBundle } from "./supervision.ts";
import type { Board } from "./supervisor/board.ts";
import type { EndingKeeper } from "./supervisor/ending-keeper.ts";
import type { Fleet } from "./supervisor/fleet.ts";
import type { GrantKeeper } from "./supervisor/grant-keeper.ts";
import { Issued } from "./supervisor/issued.ts";
import type { PolicyKeeper, PolicyState } from "./supervisor/policy-keeper.ts";
import { Resting } from "./supervisor/resting.ts";
import type { StreamTrail } from "./trail/stream-trail.ts";
import { webAnswer } from "./web/app.ts";
import { BrowserLogins } from "./web/browser-logins.ts";
import { WebListener } from "./web/listener.ts";
import type { ListenerAddress } from "./worker-calls.ts";

export interface SupervisorParts {
  readonly version: string;
  readonly dataDir: string;
  readonly trail: StreamTrail;
  readonly index: TrailIndex;
  readonly store: Store;
  readonly board: Board;
  readonly fleet: Fleet;
  readonly keeper: PolicyKeeper;
  readonly endings: EndingKeeper;
  readonly grants: GrantKeeper;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** The process that holds store, trail and control while its workers carry traffic. */
export class Supervisor {
  readonly startedAt = Date.now();
  /** Where callers, browsers and identity providers reach it over HTTP. */
  readonly web: WebListener;
  /** Caller credentials of its own. */
  readonly issued: Issued;
  readonly browsers: BrowserLogins;

  constructor(readonly parts: SupervisorParts) {
    const resting = new Resting((wish) => this.end(wish), parts.log);
    this.issued = new Issued({
      store: parts.store,
      policy: () => parts.keeper.policy,
      grants: () => parts.grants.open,
      admin: (...entry) => this.admin(...entry),
      end: (wish) => this.end(wish),
      rests: (credential, on) => resting.watch(credential, on),
    });
    this.browsers = new BrowserLogins(this);
    this.web = new WebListener(webAnswer(this), parts.log);
  }

  /** Why it cannot serve now; undefined when it can. */
  get unready(): string | undefined {
    const { fleet, trail } = this.parts;
    const workers = fleet.workers();
    if (!workers.some(({ ready }) => ready)) return "no worker serves";
    const late = workers.find((worker) => worker.trail !== "ok");
    if (late) return `the audit trail of worker ${late.worker} is ${late.trail}`;
    if (this.storeFailed !== undefined) return this.storeFailed;
    const { deaf } = this.parts.endings;
    if (deaf !== undefined) return `what other gateways end is not heard of: ${deaf}`;
    if (trail.status.state !== "ok") return `the audit trail is ${trail.status.state}`;
    return undefined;
  }

  /** Why credentials, past sessions and the audit cannot be looked up; undefined: they can. */
  get storeFailed(): string | undefined {
    const { index, store } = this.parts;
    if (store.failed !== undefined) return `the store is gone: ${store.failed}`;
    if (index.failed !== undefined) return `the trail's index is gone: ${index.failed}`;
    return store.unreachable;
  }

  reload(): Promise<PolicyState> {
    return this.parts.keeper.reload(this.adopt);
  }

  /** All workers and the web listener follow a policy, or nothing does. */
  readonly adopt = async (bundle: PolicyBundle, policy: Policy): Promise<void> => {
    const web = this.web.prepare(policy.web);
    try {
      await this.parts.fleet.adopt(bundle);
    } catch (error) {
      web.discard();
      throw error;
    }
    web.use();
  };

  /** Of the workers, which are all alike, then of `web`. */
  async addresses(): Promise<readonly ListenerAddress[]> {
    return [...(await this.parts.fleet.addresses()), ...this.web.addresses];
  }

  /** Written before it is done: what cannot be audited does not happen. Throws PosternError `trail.*`. */
  async admin(what: string, by: string, target?: string): Promise<void> {
    const { trail } = this.parts;
    await trail.durable(
      trail.append({ kind: "admin", what, by, ...(target === undefined ? {} : { target }) }),
    );
  }

  /** The worker is the authority: it may refuse. Throws PosternError `hold.unknown`, `approval.refused`. */
  async settle(hold: string, answer: HoldAnswer): Promise<void> {
    if (hold.startsWith("req_")) return void (await this.parts.grants.answer(hold, answer));
    const { board, fleet } = this.parts;
    const { refused } = await fleet.worker(board.workerOfHold(hold)).peer.call("settle", hold, answer);
    if (refused === undefined) return;
    await this.admin("approval-refused", identityLabel(answer.by), hold);
    throw new PosternError("approval.refused", refused, {
      hint: `\`postern approvals show ${hold}\` says who may answer, and what became of it.`,
    });
  }

  /** The holds that this identity may answer, longest first. */
  async answerable(by: Identity): Promise<readonly HoldInfo[]> {
    const { board, fleet } = this.parts;
    const asked = fleet.workers().map(({ worker }) => fleet.worker(worker).peer.call("answerable", by));
    const ids = new Set((await Promise.all(asked)).flat());
    return board.holds().filter(({ id }) => ids.has(id));
  }

  /** Throws PosternError `session.unknown`. */
  async endSession(id: string, by: string, because: string | undefined): Promise<void> {
    const { board, fleet } = this.parts;
    const { peer } = fleet.worker(board.workerOfSession(id));
    await this.admin("session-kill", by, id);
    const message = `An operator ended the session${because === undefined ? "." : `: ${because}`}`;
    if (await peer.call("endSession", id, { code: "session.killed", message })) return;
    throw new PosternError("session.unknown", `No session ${id} is open any more.`);
  }

  /**
   * Ends access: in force in every worker, durable in the trail and in the store when it resolves; other gateways
   * of the store follow within a second. Throws PosternError `trail.*`, `store.*`.
   */
  async end(wish: EndingWish): Promise<Ending> {
    const ending = await this.parts.endings.end(wish);
    await this.parts.grants.heard(ending);
    return ending;
  }

  /** Lifts what the same `by` has put up against exactly this by `end` with `blocks`. */
  async lift(of: Ended, by: string): Promise<void> {
    await this.parts.endings.lift(of, by, "own");
  }

  /** All processes' metrics, as Prometheus text. */
  async metrics(): Promise<string> {
    const { fleet, metrics } = this.parts;
    return renderMetrics([await metrics.registry.getMetricsAsJSON(), ...(await fleet.metrics())]);
  }
}
