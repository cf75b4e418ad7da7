import {
  type Answer,
  bytesOf,
  type Deadline,
  type Denied,
  type Duration,
  type GuardedSession,
  type Guardrail,
  type IntakeLimit,
  identityKey,
  type Kind,
  milliseconds,
  onlyKnown,
  PosternError,
  type Size,
  type Watch,
} from "../../core/plugin.ts";
import { type Pace, paceOf, type Rate, take } from "./rate.ts";

export interface LimitOptions {
  /** Rows of one answer; the answer stops at the next one. */
  readonly rows?: number;
  /** How long an operation may run on the resource; it is cancelled there. */
  readonly statementTime?: Duration;
  /** What an operation takes in from its caller (COPY FROM STDIN); it fails on the resource at the next byte. */
  readonly received?: Size;
  /** Sessions that one identity may have open on one resource. */
  readonly sessions?: number;
  /** Operations of one identity on one resource. */
  readonly rate?: Rate;
  /** Limits of one name share their counts; give each its own where they must not. */
  readonly name?: string;
}

interface Limits {
  readonly name: string;
  readonly sessions: number | undefined;
  readonly rate: Pace | undefined;
  readonly answer: (() => Answer) | undefined;
}

/** What these limits need of a protocol, so that one that cannot show it is an error in the editor. */
type Needs<O extends LimitOptions> =
  | "operation"
  | (O extends { readonly rows: number } ? "rows" : never)
  | (O extends { readonly statementTime: Duration } ? "deadline" : never)
  | (O extends { readonly received: Size } ? "intake" : never);

/**
 * How much one identity may ask of one resource.
 *
 *     under: [limit({ rows: 10_000, statementTime: "30s", sessions: 5, rate: "600/1m" })]
 *
 * Throws PosternError `limit.count`, `limit.rate-form`, `policy.duration`, `policy.option`, `policy.size`.
 */
export function limit<const O extends LimitOptions>(options: O): Guardrail<Needs<O>> {
  onlyKnown<LimitOptions>("limit", options, {
    rows: true,
    statementTime: true,
    received: true,
    sessions: true,
    rate: true,
    name: true,
  });
  const { name = "limit", rows, statementTime, received, sessions, rate } = options;
  for (const count of [rows, sessions]) {
    if (count !== undefined && !(Number.isInteger(count) && count >= 0)) {
      throw new PosternError("limit.count", `${JSON.stringify(count)} is no number of rows or sessions.`, {
        hint: "Give a whole number, without quotation marks.",
      });
    }
  }
  const needs: Kind[] = ["operation"];
  if (rows !== undefined) needs.push("rows");
  if (statementTime !== undefined) needs.push("deadline");
  if (received !== undefined) needs.push("intake");
  const limits: Limits = {
    name,
    sessions,
    rate: rate === undefined ? undefined : paceOf(rate),
    answer: answerOf(rows, statementTime, received),
  };
  return { name, needs: needs as Needs<O>[], open: (session) => open(session, limits) };
}

function open(session: GuardedSession, { name, sessions, rate, answer }: Limits): Watch {
  const caller = `${session.resource} ${identityKey(session.identity)}`;
  const close = sessions === undefined ? undefined : enter(session, name, caller, sessions);
  return {
    ...(rate ? { operation: paced(session, name, caller, rate) } : {}),
    ...(answer ? { answer } : {}),
    ...(close ? { close } : {}),
  };
}

function enter(session: GuardedSession, name: string, caller: string, most: number): () => void {
  const open = session.counter(name, `sessions ${caller}`);
  if (open.value >= most) {
    throw new PosternError("limit.sessions", `${most} sessions on ${session.resource} are open already.`, {
      hint: "Close one, or use a connection pool with fewer connections.",
    });
  }
  open.value++;
  return () => {
    open.value--;
  };
}

function paced(session: GuardedSession, name: string, caller: string, pace: Pace): () => "allow" | Denied {
  const bucket = session.counter(name, `rate ${caller}`);
  return () => {
    const wait = take(bucket, pace, Date.now());
    if (wait === 0) return "allow";
    return {
      deny: {
        code: "limit.rate",
        message: `More than ${pace.count} operations in ${pace.per / 1000} s on ${session.resource}.`,
        hint: `Try again in ${Math.ceil(wait / 1000)} s.`,
      },
    };
  };
}

function answerOf(
  rows: number | undefined,
  statementTime: Duration | undefined,
  received: Size | undefined,
): (() => Answer) | undefined {
  const deadline = statementTime === undefined ? undefined : deadlineOf(statementTime);
  const intake = received === undefined ? undefined : intakeOf(received);
  const fixed: Answer = { ...(deadline ? { deadline } : {}), ...(intake ? { intake } : {}) };
  if (rows === undefined) return deadline || intake ? () => fixed : undefined;
  return () => {
    let left = rows;
    // No columns: rows are counted, and not one cell is decoded.
    const filter = {
      columns: [],
      show: () => undefined,
      row() {
        if (left-- > 0) return;
        throw new PosternError("limit.rows", `This answer has more than ${rows} rows.`, {
          hint: "Ask for less: a narrower condition, LIMIT, or pages.",
        });
      },
    };
    return { ...fixed, rows: () => filter };
  };
}

function intakeOf(received: Size): IntakeLimit {
  return {
    most: bytesOf(received),
    reason: {
      code: "limit.received",
      message: `The operation was sent more than ${received}, so it was stopped.`,
      hint: "Send it in several smaller ones.",
    },
  };
}

function deadlineOf(statementTime: Duration): Deadline {
  return {
    after: milliseconds(statementTime),
    reason: {
      code: "limit.statement-time",
      message: `The operation ran longer than ${statementTime} and was cancelled.`,
      hint: "Make it cheaper, or do it in smaller steps.",
    },
  };
}
