import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import type { Column, Counter, GuardedSession, Guardrail, Operation, RowFilter } from "../../core/plugin.ts";
import { limit } from "./index.ts";
import { paceOf, type Rate, take } from "./rate.ts";

const operation: Operation = {
  text: "select 1",
  actions: [{ effect: "read", on: "t" }],
  inTransaction: false,
  policyVersion: "1",
};

/** Sessions of one process: counters are shared, as core shares them. */
function sessions() {
  const counters = new Map<string, Counter>();
  return (subject: string, resource = "orders"): GuardedSession => ({
    id: "ses_1",
    identity: { issuer: "i", subject, kind: "person", groups: [] },
    resource,
    protocol: "rows",
    recording: () => {
      throw new Error("not asked for");
    },
    counter: (guardrail, key) => {
      const name = `${guardrail} ${key}`;
      const counter = counters.get(name) ?? { value: 0, since: Date.now() };
      counters.set(name, counter);
      return counter;
    },
    end: () => {},
  });
}

const columns: Column[] = [
  { name: "id", type: "int4", holdsText: false, format: "binary", origins: "unknown" },
];
const filterOf = (guardrail: Guardrail) =>
  guardrail.open(sessions()("alice")).answer?.(operation)?.rows?.(columns) as RowFilter;

afterEach(() => {
  setSystemTime();
});

describe("rows", () => {
  test("the answer stops at the row after the limit, and no cell is asked for", () => {
    const filter = filterOf(limit({ rows: 2 }));
    expect(filter.columns).toEqual([]);
    filter.row?.();
    filter.row?.();
    expect(() => filter.row?.()).toThrow(/more than 2 rows/);
  });

  test("each answer counts for itself", () => {
    const watch = limit({ rows: 1 }).open(sessions()("alice"));
    for (let at = 0; at < 3; at++) {
      const filter = watch.answer?.(operation)?.rows?.(columns) as RowFilter;
      filter.row?.();
      expect(() => filter.row?.()).toThrow();
    }
  });

  test("without it answers stay opaque", () => {
    expect(limit({ sessions: 1 }).open(sessions()("alice")).answer).toBeUndefined();
  });
});

test("statementTime is a deadline for the protocol, which must be able to keep it", () => {
  const guardrail = limit({ statementTime: "30s" });
  expect(guardrail.needs).toEqual(["operation", "deadline"]);
  expect(guardrail.open(sessions()("alice")).answer?.(operation)).toEqual({
    deadline: { after: 30_000, reason: expect.objectContaining({ code: "limit.statement-time" }) },
  });
});

test("received is a limit for the protocol, which must see what callers send", () => {
  const guardrail = limit({ received: "1KB" });
  expect(guardrail.needs).toEqual(["operation", "intake"]);
  expect(guardrail.open(sessions()("alice")).answer?.(operation)).toEqual({
    intake: { most: 1024, reason: expect.objectContaining({ code: "limit.received" }) },
  });
});

describe("sessions", () => {
  test("one more than the limit does not open, until one closes", () => {
    const session = sessions();
    const guardrail = limit({ sessions: 2 });
    const first = guardrail.open(session("alice"));
    guardrail.open(session("alice"));
    expect(() => guardrail.open(session("alice"))).toThrow(/2 sessions on orders/);
    first.close?.();
    guardrail.open(session("alice"));
    expect(() => guardrail.open(session("alice"))).toThrow();
  });

  test("identities and resources count for themselves", () => {
    const session = sessions();
    const guardrail = limit({ sessions: 1 });
    guardrail.open(session("alice"));
    guardrail.open(session("bob"));
    guardrail.open(session("alice", "billing"));
    expect(() => guardrail.open(session("bob"))).toThrow();
  });
});

describe("rate", () => {
  test("refuses the one too many with when to try again, and allows it then", () => {
    setSystemTime(1_000_000);
    const watch = limit({ rate: "3/1m" }).open(sessions()("alice"));
    const ask = () => watch.operation?.(operation);
    expect([ask(), ask(), ask()]).toEqual(["allow", "allow", "allow"]);
    expect(ask()).toMatchObject({ deny: { code: "limit.rate", hint: "Try again in 20 s." } });
    setSystemTime(1_020_000);
    expect(ask()).toBe("allow");
    expect(ask()).toMatchObject({ deny: { code: "limit.rate" } });
  });

  test("is one count for all sessions of an identity, unless the limits have names of their own", () => {
    setSystemTime(1_000_000);
    const session = sessions();
    const ask = (name?: string) =>
      limit({ rate: "1/1h", ...(name ? { name } : {}) })
        .open(session("alice"))
        .operation?.(operation);
    expect(ask()).toBe("allow");
    expect(ask()).toMatchObject({ deny: { code: "limit.rate" } });
    expect(ask("reports")).toBe("allow");
  });

  test("a clock that goes backwards gives nothing away", () => {
    const bucket = { value: 1, since: 5_000 };
    expect(take(bucket, paceOf("1/1s"), 1_000)).toBe(1_000);
    expect(take(bucket, paceOf("1/1s"), 2_000)).toBe(0);
  });
});

test("what is no limit is refused when the policy loads", () => {
  for (const rate of ["0/1m", "-1/1m", "1.5/1m", "/1m", "1", "1/0s", "x/1m"]) {
    expect(() => limit({ rate: rate as Rate })).toThrow();
  }
  expect(() => limit({ rows: -1 })).toThrow(/no number/);
  expect(() => limit({ sessions: 1.5 })).toThrow(/no number/);
});
