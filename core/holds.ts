import { PosternError } from "./error.ts";
import type { HoldRequest } from "./guardrail.ts";
import { HoldPlaces } from "./hold-places.ts";
import { digestOf, type HoldSubject, statementShown } from "./hold-subject.ts";
import { newId } from "./id.ts";
import { type Identity, identityLabel, shareParty } from "./identity.ts";
import type { Reason } from "./operation.ts";
import type { HoldAnswer, HoldInfo, Supervision } from "./supervision.ts";
import type { HoldEnd } from "./trail/entry.ts";
import type { Trail } from "./trail/trail.ts";
import { allMatch } from "./who.ts";

/** How a hold ended; `by` where a person answered, `because` where there is more to say. */
export interface HoldResult {
  readonly how: HoldEnd;
  readonly by?: Identity;
  readonly because?: string;
  /** All who said yes, also where that was not enough. */
  readonly approved: readonly Identity[];
}

/** An open hold and what becomes of it. */
export interface OpenHold {
  readonly info: HoldInfo;
  readonly result: Promise<HoldResult>;
  end(how: "cancelled" | "abandoned", because?: string): void;
}

interface Waiting {
  /** `approved` grows. */
  info: HoldInfo;
  readonly request: HoldRequest;
  /** Its answers, one after the other: each looks at what the one before has changed. */
  turn: Promise<unknown>;
  settle(result: HoldResult): void;
}

/**
 * The operations of this process that wait for a person. Each ends exactly once: whoever takes it out
 * of the map decides, and what comes later is refused.
 */
export class Holds {
  readonly #open = new Map<string, Waiting>();
  readonly #places = new HoldPlaces();
  constructor(
    readonly trail: Trail,
    readonly supervision: Supervision,
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /**
   * The hold's entry is durable before anybody is told of it. Rejects when it cannot be written, and with PosternError
   * `limit.holds`.
   */
  async open(subject: HoldSubject, request: HoldRequest): Promise<OpenHold> {
    const leave = this.#places.take(subject.identity);
    try {
      return await this.#opened(subject, request, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #opened(subject: HoldSubject, request: HoldRequest, leave: () => void): Promise<OpenHold> {
    const { session, identity, resource, operation } = subject;
    const { findings } = subject.examined;
    const { actions, inTransaction } = operation;
    const { approvers = 1 } = request;
    const within = inTransaction ? Math.min(request.within, inTransactionMs(request)) : request.within;
    const { text, ...values } = statementShown(operation);
    const told = findings.length === 0 ? {} : { findings };
    const id = newId("hold");
    const openedAt = Date.now();
    const shared = {
      session,
      identity,
      resource,
      actions,
      ...(operation.batch ? { batch: operation.batch.length + 1 } : {}),
      inTransaction,
      by: request.by.label,
      expires: openedAt + within,
      digest: digestOf(subject),
    };
    const info: HoldInfo = {
      id,
      ...shared,
      approvers,
      approved: [],
      text,
      ...values,
      ...told,
      ...(operation.batch ? { rest: operation.batch.map(statementShown) } : {}),
      ...(request.message === undefined ? {} : { message: request.message }),
      openedAt,
    };
    const seq = this.trail.append({
      kind: "hold",
      hold: id,
      ...shared,
      ...subject.trailText,
      ...(approvers === 2 ? { approvers } : {}),
      ...(subject.keepParameters ? values : {}),
      ...told,
      policy: operation.policyVersion,
    });
    await this.trail.durable(seq);
    let settle: (result: HoldResult) => void = () => {};
    const result = new Promise<HoldResult>((resolve) => {
      settle = resolve;
    });
    const timer = setTimeout(() => this.#end(id, { how: "expired" }), within);
    this.#open.set(id, {
      info,
      request,
      turn: Promise.resolve(),
      settle(how) {
        leave();
        clearTimeout(timer);
        settle(how);
      },
    });
    this.supervision.holdOpened(info);
    return { info, result, end: (...how) => void this.#end(id, ended(...how)) };
  }

  /** Ids of those that this person may answer. */
  answerable(by: Identity): string[] {
    return [...this.#open.values()]
      .filter((waiting) => mayNotAnswer(waiting, { approve: false, by }) === undefined)
      .map(({ info }) => info.id);
  }

  /** A person's answer. Resolves once it is durable in the trail; `refused` when it does not count. */
  async settle(id: string, answer: HoldAnswer): Promise<{ refused?: string }> {
    const waiting = this.#open.get(id);
    if (!waiting) return { refused: gone };
    const answered = waiting.turn.then(() => this.#answer(waiting, answer));
    waiting.turn = answered.catch(() => {});
    return answered;
  }

  async #answer(waiting: Waiting, answer: HoldAnswer): Promise<{ refused?: string }> {
    const { id, approvers, approved } = waiting.info;
    if (!this.#open.has(id)) return { refused: gone };
    const refused = mayNotAnswer(waiting, answer);
    if (refused) return { refused };
    const { approve, by, because } = answer;
    const said = { by, ...(because === undefined ? {} : { because }) };
    if (!approve) await this.#end(id, { how: "denied", ...said });
    else if (approved.length + 1 >= approvers) await this.#end(id, { how: "approved", ...said });
    else return this.#approved(waiting, said);
    return {};
  }

  /** The first of two: the hold stays open, and counts the answer once it is durable. */
  async #approved(waiting: Waiting, said: { by: Identity; because?: string }): Promise<{ refused?: string }> {
    const { id, session, approved } = waiting.info;
    try {
      await this.trail.durable(this.trail.append({ kind: "hold-answered", hold: id, session, ...said }));
    } catch {
      throw unrecorded();
    }
    if (!this.#open.has(id)) return { refused: gone };
    waiting.info = { ...waiting.info, approved: [...approved, said.by] };
    this.supervision.holdApproved(id, said.by);
    return {};
  }

  async #end(id: string, end: Omit<HoldResult, "approved">): Promise<void> {
    const waiting = this.#open.get(id);
    if (!waiting) return;
    this.#open.delete(id);
    const { session, approved } = waiting.info;
    try {
      const seq = this.trail.append({ kind: "hold-ended", hold: id, session, ...end });
      if (end.by) await this.trail.durable(seq);
      const last = end.how === "approved" && end.by ? [end.by] : [];
      waiting.settle({ ...end, approved: [...approved, ...last] });
    } catch {
      waiting.settle({ how: "abandoned", approved });
      if (end.by) throw unrecorded();
    } finally {
      this.supervision.holdEnded(id, end.how);
    }
  }
}

const gone = "There is no such open hold: it was answered, ran out, or its caller is gone.";

function unrecorded(): PosternError {
  return new PosternError("trail.unavailable", "The answer could not be recorded, so it does not count.");
}

/** Whether those who said yes are enough for this request: of two, each is another person. */
export function enough({ by, approvers = 1 }: HoldRequest, approved: readonly Identity[]): boolean {
  const able = approved.filter((one) => allMatch(by, one));
  if (approvers === 1) return able.length > 0;
  return able.some((one) => able.some((other) => !shareParty(one, other)));
}

function ended(how: HoldEnd, because?: string): Omit<HoldResult, "approved"> {
  return because === undefined ? { how } : { how, because };
}

/** What the requester is told when a hold did not end with an approval. */
export function holdDenial(result: HoldResult, info: HoldInfo): Reason {
  const who = result.by ? identityLabel(result.by) : "";
  const because = result.because === undefined ? "" : `: ${result.because}`;
  const messages: Record<HoldEnd, string> = {
    approved: "",
    denied: `${who} denied this operation${because}.`,
    expired: `${nobody(result, info)} approved this operation in time.`,
    cancelled: "The operation was cancelled while it waited for an approval.",
    abandoned: "The wait for an approval ended without an answer.",
  };
  return { code: `hold.${result.how}`, message: messages[result.how] };
}

function nobody({ approved: [first] }: HoldResult, { by, approvers }: HoldInfo): string {
  if (approvers === 1) return `Nobody of ${by}`;
  return first ? `Nobody of ${by} but ${identityLabel(first)}` : `No two of ${by}`;
}

/** Who is asked: `group leads`, `two of group leads`. */
export function asked({ by, approvers }: Pick<HoldInfo, "by" | "approvers">): string {
  return approvers === 2 ? `two of ${by}` : by;
}

/** What a hold inside a transaction does when its guardrail says `deny`. */
export const deniedInTransaction: Reason = {
  code: "hold.in-transaction",
  message: "This operation needs an approval and may not wait for one inside a transaction.",
  hint: "Run it as the only statement, outside BEGIN and COMMIT.",
};

function inTransactionMs(request: HoldRequest): number {
  return request.inTransaction === "deny" ? 0 : request.inTransaction;
}

function mayNotAnswer({ info, request }: Waiting, answer: HoldAnswer): string | undefined {
  if (shareParty(info.identity, answer.by)) {
    return "Nobody answers for an operation of their own, nor for whom they act for.";
  }
  if (!allMatch(request.by, answer.by)) return `Only ${info.by} may answer this.`;
  if (answer.digest !== undefined && answer.digest !== info.digest) {
    return "The operation shown is not the one that waits.";
  }
  if (answer.approve && info.approved.some((other) => shareParty(other, answer.by))) {
    return "The second approver must be another person than the first.";
  }
  return undefined;
}
