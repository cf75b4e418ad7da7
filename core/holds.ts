import { createHash } from "node:crypto";
import { PosternError } from "./error.ts";
import type { HoldRequest } from "./guardrail.ts";
import { newId } from "./id.ts";
import { type Identity, identityKey, identityLabel, shareParty } from "./identity.ts";
import type { Operation, Parameters, Reason } from "./operation.ts";
import type { HeldStatement, HoldAnswer, HoldInfo, Supervision } from "./supervision.ts";
import type { Cut } from "./trail/cut.ts";
import type { HoldEnd } from "./trail/entry.ts";
import type { Trail } from "./trail/trail.ts";
import { allMatch } from "./who.ts";

/** How a hold ended; `by` where a person answered, `because` where there is more to say. */
export interface HoldResult {
  readonly how: HoldEnd;
  readonly by?: Identity;
  readonly because?: string;
}

export interface HoldSubject {
  readonly session: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly operation: Operation;
  /** What the trail keeps of text and parameters; the approver sees both whole. */
  readonly trailText: Cut;
  readonly keepParameters: boolean;
}

/** An open hold and what becomes of it. */
export interface OpenHold {
  readonly info: HoldInfo;
  readonly result: Promise<HoldResult>;
  end(how: "cancelled" | "abandoned", because?: string): void;
}

interface Waiting {
  readonly info: HoldInfo;
  readonly request: HoldRequest;
  settle(result: HoldResult): void;
}

/**
 * The operations of this process that wait for a person. Each ends exactly once: whoever takes it out
 * of the map decides, and what comes later is refused.
 */
export class Holds {
  readonly #open = new Map<string, Waiting>();
  constructor(
    readonly trail: Trail,
    readonly supervision: Supervision,
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /** The hold's entry is durable before anybody is told of it. Rejects when it cannot be written. */
  async open(subject: HoldSubject, request: HoldRequest): Promise<OpenHold> {
    const { session, identity, resource, operation } = subject;
    const { actions, inTransaction } = operation;
    const within = inTransaction ? Math.min(request.within, inTransactionMs(request)) : request.within;
    const parameters = parametersShown(operation.parameters);
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
      digest: digest(subject),
    };
    const info: HoldInfo = {
      id,
      ...shared,
      text: operation.text,
      ...(parameters ? { parameters } : {}),
      ...(operation.batch ? { rest: operation.batch.map(statementShown) } : {}),
      ...(request.message === undefined ? {} : { message: request.message }),
      openedAt,
    };
    const seq = this.trail.append({
      kind: "hold",
      hold: id,
      ...shared,
      ...subject.trailText,
      ...(parameters && subject.keepParameters ? { parameters } : {}),
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
      settle(how) {
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
      .filter((waiting) => mayNotAnswer(waiting, { approve: true, by }) === undefined)
      .map(({ info }) => info.id);
  }

  /** A person's answer. Resolves once it is durable in the trail; `refused` when it does not count. */
  async settle(id: string, answer: HoldAnswer): Promise<{ refused?: string }> {
    const waiting = this.#open.get(id);
    if (!waiting)
      return { refused: "There is no such open hold: it was answered, ran out, or its caller is gone." };
    const refused = mayNotAnswer(waiting, answer);
    if (refused) return { refused };
    const { by, because } = answer;
    await this.#end(id, {
      how: answer.approve ? "approved" : "denied",
      by,
      ...(because === undefined ? {} : { because }),
    });
    return {};
  }

  async #end(id: string, result: HoldResult): Promise<void> {
    const waiting = this.#open.get(id);
    if (!waiting) return;
    this.#open.delete(id);
    try {
      const seq = this.trail.append({
        kind: "hold-ended",
        hold: id,
        session: waiting.info.session,
        ...result,
      });
      if (result.by) await this.trail.durable(seq);
      waiting.settle(result);
    } catch {
      waiting.settle({ how: "abandoned" });
      if (result.by) {
        throw new PosternError(
          "trail.unavailable",
          "The answer could not be recorded, so it does not count.",
        );
      }
    } finally {
      this.supervision.holdEnded(id, result.how);
    }
  }
}

function ended(how: HoldEnd, because?: string): HoldResult {
  return because === undefined ? { how } : { how, because };
}

/** What the requester is told when a hold did not end with an approval. */
export function holdDenial(result: HoldResult, info: HoldInfo): Reason {
  const who = result.by ? identityLabel(result.by) : "";
  const because = result.because === undefined ? "" : `: ${result.because}`;
  const messages: Record<HoldEnd, string> = {
    approved: "",
    denied: `${who} denied this operation${because}.`,
    expired: `Nobody of ${info.by} approved this operation in time.`,
    cancelled: "The operation was cancelled while it waited for an approval.",
    abandoned: "The wait for an approval ended without an answer.",
  };
  return { code: `hold.${result.how}`, message: messages[result.how] };
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
  return undefined;
}

function parametersShown(parameters: Parameters | undefined): (string | null)[] | undefined {
  if (!parameters) return undefined;
  return Array.from({ length: parameters.length }, (_, index) => {
    const value = parameters.at(index);
    return value === null || typeof value === "string" ? value : `\\x${Buffer.from(value).toString("hex")}`;
  });
}

function statementShown({ text, parameters }: Operation): HeldStatement {
  const shown = parametersShown(parameters);
  return { text, ...(shown ? { parameters: shown } : {}) };
}

function digest({ identity, resource, operation }: HoldSubject): string {
  const operations = [operation, ...(operation.batch ?? [])];
  return createHash("sha256")
    .update(
      JSON.stringify([
        identityKey(identity),
        resource,
        operations.map(({ text, parameters }) => [text, parametersShown(parameters) ?? null]),
      ]),
    )
    .digest("hex");
}
