import type { Counter, GuardedSession, Guardrail, Recording, Watch } from "../../../guardrail.ts";
import type { Reason } from "../../../operation.ts";

/** A session that keeps what a guardrail does to it. */
export class WatchedSession implements GuardedSession {
  readonly id = "ses_01k9aaaaaaaaaaaaaaaa";
  readonly identity = { issuer: "test", subject: "alice", kind: "person", groups: ["support"] } as const;
  readonly resource = "orders";
  readonly protocol = "conformance";
  readonly recorded: unknown[] = [];
  ended: Reason | undefined;
  readonly #counters = new Map<string, Counter>();

  recording(): Recording {
    return {
      id: "rec_1",
      event: (kind, data) => void this.recorded.push([kind, JSON.parse(JSON.stringify(data ?? null))]),
      again: (beginning, rest, length) => {
        const { name, data } = beginning.with(rest, length);
        this.recorded.push([name, data]);
      },
      bytes: (data) => void this.recorded.push(Buffer.from(data).toString("base64")),
    };
  }

  counter(guardrail: string, key: string): Counter {
    const name = `${guardrail}\0${key}`;
    const counter = this.#counters.get(name) ?? { value: 0, since: Date.now() };
    this.#counters.set(name, counter);
    return counter;
  }

  end(reason: Reason): void {
    this.ended ??= reason;
  }
}

export interface Watched {
  readonly session: WatchedSession;
  readonly watch: Watch;
}

export function watched(guardrail: Guardrail): Watched {
  const session = new WatchedSession();
  return { session, watch: guardrail.open(session) };
}
