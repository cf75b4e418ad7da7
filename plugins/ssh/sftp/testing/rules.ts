import type {
  Action,
  Answer,
  Gate,
  HeldOperation,
  Outcome,
  Pass,
  Statement,
} from "../../../../core/plugin.ts";
import { targetMatcher } from "../../../../core/policy/target.ts";

type Rights = Partial<Record<Action["effect"], readonly string[]>>;

/** A gate that knows nothing but rights, and keeps what it was asked. */
export class Rules {
  readonly asked: Statement[] = [];
  readonly outcomes: { readonly text: string; readonly outcome: Outcome }[] = [];
  readonly holds: { readonly text: string; approve(): void }[] = [];
  /** Called when something is held. */
  waits: () => void = () => {};
  answer: Answer | undefined;

  constructor(
    public rights: Rights,
    public held: (text: string) => boolean = () => false,
  ) {}

  readonly gate: Gate = {
    session: {
      id: "ses_test",
      identity: { issuer: "test", subject: "alice", kind: "person", groups: [] },
      resource: "host",
      effects: new Set(),
    },
    signal: new AbortController().signal,
    onEnd: () => {},
    wantsParameters: false,
    wantsPredicates: false,
    wantsStores: false,
    recordsWire: true,
    plan: (statement) => ({ statement, policyVersion: "1", verdict: this.#verdict(statement) }),
    begin: (plan, execution) => {
      const { statement } = plan;
      this.asked.push(statement);
      const verdict = this.#verdict(statement);
      if (verdict !== "allow") return verdict;
      if (!this.held(statement.text)) return this.#pass(statement);
      return new Promise((resolve) => {
        const hold: HeldOperation = {
          id: "hold_1",
          expires: 0,
          notice: `waits: ${statement.text}`,
          withdraw: (how) => resolve({ deny: { code: `hold.${how}`, message: "It was withdrawn." } }),
        };
        this.holds.push({ text: statement.text, approve: () => resolve(this.#pass(statement)) });
        execution.held?.(hold);
        this.waits();
      });
    },
    unasked: () => this.answer,
    passed: () => undefined,
    reached: () => {},
    end: () => {},
  };

  texts(): string[] {
    return this.asked.map(({ text }) => text);
  }

  #verdict({ actions }: Statement): "allow" | { deny: { code: string; message: string; rule: string } } {
    const covers = ({ effect, on, within }: Action) => {
      const matches = targetMatcher(this.rights[effect] ?? []);
      return matches(on) || (within !== undefined && matches(within));
    };
    const no = actions.find((action) => !covers(action));
    if (!no) return "allow";
    return {
      deny: { code: "policy.denied", message: `no rule lets alice ${no.effect} ${no.on}`, rule: "files" },
    };
  }

  #pass({ text }: Statement): Pass {
    return {
      seq: this.asked.length,
      answer: this.answer,
      ready: () => undefined,
      end: (outcome) => this.outcomes.push({ text, outcome }),
    };
  }
}
