import { covers, type Ending } from "../ending.ts";
import { PosternError } from "../error.ts";
import type { Grant } from "../grant.ts";
import { mayNotAnswer } from "../granting/answer.ts";
import { type GrantWish, judge } from "../granting/ask.ts";
import { grantFor, requestFor, stillMeant } from "../granting/make.ts";
import { type Identity, identityKey, identityLabel } from "../identity.ts";
import type { Log } from "../log.ts";
import type { Policy } from "../policy.ts";
import type { StoredGrant, StoredRequest } from "../store/grants.ts";
import type { Store } from "../store/store.ts";
import type { HoldAnswer } from "../supervision.ts";
import type { Entry } from "../trail/entry.ts";
import type { StreamTrail } from "../trail/stream-trail.ts";
import { RequestBoard } from "./request-board.ts";

/** How often to look for what other gateways have opened and ended, and again after a failure. */
const everyMs = 250;
/** The clock may be set meanwhile. */
const longestMs = 60_000;
/** Requests of one identity that may wait at the same time. */
const mostWaiting = 20;

export interface GrantKeeperParts {
  readonly trail: Pick<StreamTrail, "append" | "durable">;
  readonly store: Pick<Store, "call">;
  readonly log: Log;
  /** Other gateways may use the same store. */
  readonly shared: boolean;
  policy(): Policy;
  /** Tells every worker. Resolves when each has done it, or is gone: its successor begins with `open`. */
  tell(grants: readonly Grant[]): Promise<void>;
}

/** Requests and grants: asked for, answered and ended here or at another gateway of the store. */
export class GrantKeeper {
  #open: readonly Grant[] = [];
  #policy: Policy | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #follows = false;
  #failed = false;
  /** What the store has may be something else, or not all were told: something stopped half-way. */
  #unsure = false;
  /** One after the other: each looks at what the one before has changed. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Requests that wait for approvers. */
  readonly board: RequestBoard;

  constructor(readonly parts: GrantKeeperParts) {
    this.board = new RequestBoard((id) => parts.store.call("request", id));
  }

  /** Those by which rules count here now. */
  get open(): readonly Grant[] {
    return this.#open;
  }

  /** Waiting requests that this identity may answer. */
  answerable(by: Identity): readonly StoredRequest[] {
    const now = Date.now();
    return this.board.waiting.filter((one) => this.#refused(one, { approve: false, by }, now) === undefined);
  }

  /** Follows from now on what the store has, until `close`. Rejects when the store has no answer now. */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#refresh());
    this.#follows = true;
    this.#later();
  }

  /** Another policy is served now. */
  policyChanged(): void {
    void this.#listen();
  }

  close(): void {
    this.#follows = false;
    clearTimeout(this.#timer);
  }

  /** Throws PosternError `grant.*`, `resource.unknown`, `trail.*`, `store.*`. */
  ask(identity: Identity, wish: GrantWish): Promise<{ request: StoredRequest; grant?: Grant }> {
    return this.#inTurn(() => this.#ask(identity, wish));
  }

  /** Throws PosternError `request.unknown`, `approval.refused`, `trail.*`, `store.*`. */
  answer(id: string, answer: HoldAnswer): Promise<StoredRequest> {
    return this.#inTurn(() => this.#answer(id, answer));
  }

  /** In force in every worker when it resolves. Throws PosternError `grant.unknown`. */
  end(id: string, by: string): Promise<void> {
    return this.#inTurn(async () => {
      if (!(await this.#over(id, "revoked", by))) {
        throw new PosternError("grant.unknown", `No grant ${id} is open.`, {
          hint: "`postern grants list --all` shows those that were.",
        });
      }
      await this.#refresh();
    });
  }

  /** The end of a grant, or of whoever holds it. */
  heard(ending: Ending): Promise<void> {
    return this.#inTurn(async () => {
      const { of, by } = ending;
      const over = this.#open.filter(({ id, identity }) =>
        of.kind === "grant" ? of.id === id : of.kind === "identity" && covers(ending, identity),
      );
      for (const { id } of over) await this.#over(id, "revoked", by);
      if (over.length > 0) await this.#refresh();
    });
  }

  /** Throws PosternError `request.unknown`. */
  async request(id: string): Promise<StoredRequest> {
    const request = await this.parts.store.call("request", id);
    if (request) return request;
    throw new PosternError("request.unknown", `There is no request ${id}.`, {
      hint: "`postern approvals list --all` shows all there are.",
    });
  }

  /** Newest first, those that ended among them. */
  requests(): Promise<StoredRequest[]> {
    return this.parts.store.call("requests", 1000);
  }

  /** Newest first, those that ended among them. */
  grants(): Promise<StoredGrant[]> {
    return this.parts.store.call("grants", 1000);
  }

  async #ask(identity: Identity, wish: GrantWish) {
    const { store, log } = this.parts;
    const now = Date.now();
    const judged = judge(this.parts.policy(), identity, wish, now);
    const key = identityKey(identity);
    if (this.board.waiting.filter((one) => identityKey(one.identity) === key).length >= mostWaiting) {
      throw new PosternError("grant.too-many", `${mostWaiting} requests of yours wait already.`, {
        hint: "Wait until they are answered.",
      });
    }
    const request = requestFor(identity, wish, judged, now);
    const { id, approved: _, openedAt: __, ...asked } = request;
    await this.#note({ kind: "grant-requested", request: id, ...asked });
    const grant = wish.breakGlass ? grantFor(request, [], now, true) : undefined;
    if (grant) await this.#opened(grant);
    try {
      await store.call("addRequest", request, grant);
    } catch (error) {
      if (grant) await this.#note({ kind: "grant-ended", grant: grant.id, how: "revoked", by: "gateway" });
      throw error;
    }
    if (grant) {
      const { resource, rules, because } = grant;
      const who = identityLabel(identity);
      log.warn({ grant: grant.id, identity: who, resource, rules, because }, "the glass was broken");
    }
    await this.#refresh();
    return { request, ...(grant ? { grant } : {}) };
  }

  async #answer(id: string, answer: HoldAnswer): Promise<StoredRequest> {
    const request = await this.request(id);
    const now = Date.now();
    const refused = this.#refused(request, answer, now);
    if (refused !== undefined) await this.#refuse(id, answer, refused);
    const { by, approve, because } = answer;
    const said = because === undefined ? {} : { because };
    await this.#note({
      kind: "grant-answered",
      request: id,
      how: approve ? "approved" : "denied",
      by,
      ...said,
    });
    const approved = approve ? [...request.approved, by] : request.approved;
    const complete = approve && approved.length >= request.approvers;
    const grant = complete ? grantFor(request, approved, now, false) : undefined;
    if (grant) await this.#opened(grant);
    const how = grant ? ("approved" as const) : approve ? undefined : ("denied" as const);
    const taken = await this.parts.store
      .call("answerRequest", {
        id,
        seen: request.approved.length,
        approved,
        ...(how === undefined ? {} : { how }),
        ...(grant ? { grant } : {}),
      })
      .catch(async (error: unknown) => {
        if (grant) await this.#note({ kind: "grant-ended", grant: grant.id, how: "revoked", by: "gateway" });
        throw error;
      });
    if (!taken) {
      if (grant) await this.#note({ kind: "grant-ended", grant: grant.id, how: "revoked", by: "gateway" });
      await this.#refuse(id, answer, "Somebody else has answered it in the meantime.");
    }
    await this.#refresh();
    return { ...request, approved, ...(how === undefined ? {} : { how, endedAt: now }) };
  }

  /** By the policy as it is now: what a reload changed is not approved. */
  #refused(request: StoredRequest, answer: HoldAnswer, now: number): string | undefined {
    if (request.how !== undefined) return `It was ${request.how} before.`;
    if (request.expires <= now) return "It has run out.";
    try {
      const judged = judge(this.parts.policy(), request.identity, { ...request, breakGlass: false }, now);
      return mayNotAnswer(request, judged, answer);
    } catch (error) {
      if (error instanceof PosternError) return `The policy does not allow it any more: ${error.message}`;
      throw error;
    }
  }

  async #refuse(id: string, { by }: HoldAnswer, why: string): Promise<never> {
    await this.#note({ kind: "admin", what: "approval-refused", by: identityLabel(by), target: id });
    throw new PosternError("approval.refused", why, {
      hint: `\`postern approvals show ${id}\` says who may answer, and what became of it.`,
    });
  }

  async #opened({ id, ...grant }: Grant): Promise<void> {
    await this.#note({ kind: "grant-opened", grant: id, ...grant });
  }

  /** Reads what there is, ends what is over, and tells whoever must know. */
  async #refresh(): Promise<void> {
    const { store, policy, tell } = this.parts;
    const served = policy();
    const { requests, grants } = await store.call("standing");
    const now = Date.now();
    for (const { grant } of grants) if (grant.until <= now) await this.#over(grant.id, "expired");
    const lasting = grants.filter(({ grant }) => now < grant.until);
    const meant = lasting.filter(({ request }) => stillMeant(served, request));
    if (this.#policy !== served) {
      // Gateways may have different policies for a while: only one whose own policy has changed ends it for all.
      const before = new Set(this.#open.map(({ id }) => id));
      const dropped = lasting.filter((one) => before.has(one.grant.id) && !meant.includes(one));
      for (const { grant } of dropped) await this.#over(grant.id, "policy");
      this.#policy = served;
    }
    const known = this.#open;
    this.#open = meant.map(({ grant }) => grant);
    this.board.use(requests);
    if (this.#unsure || !sameIds(this.#open, known)) await tell(this.#open);
    this.#unsure = false;
  }

  /** False: it has ended before. */
  async #over(grant: string, how: "expired" | "revoked" | "policy", by?: string): Promise<boolean> {
    if (!(await this.parts.store.call("endGrant", grant))) return false;
    await this.#note({ kind: "grant-ended", grant, how, ...(by === undefined ? {} : { by }) });
    return true;
  }

  #later(unsure = this.#unsure): void {
    this.#unsure = unsure;
    clearTimeout(this.#timer);
    if (!this.#follows) return;
    const wait = Math.max(1, Math.min(this.#nextAt - Date.now(), longestMs));
    this.#timer = setTimeout(() => void this.#listen(), wait);
    this.#timer.unref?.();
  }

  /** Nobody else changes a store of our own: until something is over it need not be looked at. */
  get #nextAt(): number {
    if (this.parts.shared || this.#unsure) return Date.now() + everyMs;
    return Math.min(...this.#open.map((one) => one.until), ...this.board.waiting.map((one) => one.expires));
  }

  /** While the store is gone what is open stays so until its time: the workers see to that by themselves. */
  async #listen(): Promise<void> {
    try {
      const { shared, policy } = this.parts;
      const due = shared || this.#unsure || this.#policy !== policy() || this.#nextAt <= Date.now();
      if (due) await this.#inTurn(() => this.#refresh());
      this.#failed = false;
    } catch (error) {
      if (!this.#failed && this.#follows) this.parts.log.error({ error }, "grants cannot be looked up");
      this.#failed = true;
    }
    this.#later();
  }

  async #note(entry: Entry): Promise<void> {
    await this.parts.trail.durable(this.parts.trail.append(entry));
  }

  #inTurn<T>(what: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(what, what);
    // What it has opened or ended is over at another time.
    this.#turn = next.catch(() => this.#later(true)).then(() => this.#later());
    return next;
  }
}

function sameIds(some: readonly Grant[], others: readonly Grant[]): boolean {
  return some.length === others.length && some.every(({ id }, at) => id === others[at]?.id);
}
