import { type RuleSet, rulesFor } from "./decide.ts";
import { PosternError } from "./error.ts";
import type { EndListener } from "./gate.ts";
import type { Grant } from "./grant.ts";
import type { Counter, GuardedSession, Guardrail, Recording, Watch } from "./guardrail.ts";
import { type Identity, identityLabel, parties } from "./identity.ts";
import type { Reason } from "./operation.ts";
import { whyOver } from "./policy/timing.ts";
import type { Policy, Rule } from "./policy.ts";
import type { Dialed } from "./protocol.ts";
import { sharedRules } from "./shared-rules.ts";
import type { SessionInfo } from "./supervision.ts";
import type { Trail } from "./trail/trail.ts";

export interface SessionStart {
  readonly id: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly protocol: string;
  readonly remote: string;
  readonly application?: string;
}

const nobody: readonly EndListener[] = [];
const unheard = () => {};

/** Counters by guardrail and key: they outlive sessions and reloads. */
export type Counters = Map<string, Counter>;

/** One identity's use of one resource: its rules, its guardrails' state, its place in the trail. */
export class Session implements GuardedSession {
  readonly id: string;
  readonly identity: Identity;
  readonly resource: string;
  readonly protocol: string;
  readonly info: SessionInfo;
  /** The resource's own role that it runs as, from beginning to end. */
  readonly role: string | undefined;
  rules: RuleSet;
  /** All guardrails that may ever apply in this session, outermost first; another array after a reload. */
  watching: readonly { readonly guardrail: Guardrail; readonly watch: Watch }[] = [];
  operations = 0;
  /** Operations sent and not answered: a session that waits for its resource is not idle. */
  inFlight = 0;
  lastActive = Date.now();
  /** The limit on how long it may rest. */
  rests: "idle" | "requestIdle" = "idle";
  /** Epoch milliseconds at which the token of the first machine in the chain of delegation ends. */
  readonly tokenEnds: number;
  /** Epoch milliseconds at which what was made for it on the resource stands for nothing any more. */
  leaseEnds = Number.POSITIVE_INFINITY;
  /** What its connection to the resource allows nobody. */
  refuses: Dialed["refuses"];
  readonly #restsOn = new Map<string, Rule>();
  readonly #watches = new Map<Guardrail, Watch>();
  /** Made for whoever asks for it: most listen by `onEnd`. */
  #abort: AbortController | undefined;
  /** Told when it may be over sooner than `mayEndAt` has said. */
  sooner: () => void = unheard;
  #listeners: readonly EndListener[] = nobody;
  #recording: (Recording & { close(): void }) | undefined;
  #ended: Reason | undefined;

  constructor(
    start: SessionStart,
    policy: Policy,
    grants: readonly Grant[],
    readonly trail: Trail,
    readonly counters: Counters,
  ) {
    this.id = start.id;
    this.identity = start.identity;
    const machines = parties(start.identity).filter(({ kind }) => kind === "machine");
    this.tokenEnds = Math.min(...machines.map(({ expires = Number.POSITIVE_INFINITY }) => expires));
    this.resource = start.resource;
    this.protocol = start.protocol;
    this.rules = admitted(policy, start, grants);
    this.role = this.rules.role();
    this.info = {
      ...start,
      openedAt: Date.now(),
      policyVersion: policy.version,
    };
  }

  /** What the resource's own logs may show. */
  get label(): string {
    return `${identityLabel(this.identity)} via postern ${this.id}`;
  }

  /** Epoch milliseconds: before, no time that passes ends it or changes what it may do. Often it is later. */
  mayEndAt(now: number): number {
    const { fresh = Number.POSITIVE_INFINITY, lifetime = Number.POSITIVE_INFINITY, policy } = this.rules;
    const { idle, requestIdle } = policy.limits;
    const active = this.inFlight > 0 ? now : this.lastActive;
    const rested = active + Math.min(idle, requestIdle);
    return Math.min(fresh, this.info.openedAt + lifetime, this.tokenEnds, this.leaseEnds, rested);
  }

  get effects(): RuleSet["effects"] {
    return this.rules.effects;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#ended) this.#abort.abort(this.#ended);
    }
    return this.#abort.signal;
  }

  /** Why it must end; undefined: it goes on. */
  get ended(): Reason | undefined {
    return this.#ended;
  }

  /** Told once when it must end; at once where it must already. */
  onEnd(listener: EndListener): void {
    if (this.#ended) listener.sessionEnds();
    else this.#listeners = [...this.#listeners, listener];
  }

  /** Does not listen any more. */
  offEnd(listener: EndListener): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener);
  }

  /** Writes the opening entry, then opens the guardrails. Throws: the session does not open. */
  open(credential: string | undefined): void {
    const { identity, resource, protocol, remote, application } = this.info;
    this.trail.append({
      kind: "open",
      session: this.id,
      identity,
      resource,
      protocol,
      remote,
      ...(application === undefined ? {} : { application }),
      policy: this.rules.policy.version,
      ...(credential === undefined ? {} : { credential }),
      ...(identity.credentialId === undefined ? {} : { callerCredential: identity.credentialId }),
      rights: this.rules.rights,
    });
    this.#openWatches();
  }

  /** Takes a new policy for every operation from now on, or ends when it no longer allows this session. */
  follow(policy: Policy, grants: readonly Grant[]): void {
    const { timed } = this.rules;
    try {
      const rules = admitted(policy, this, grants);
      const over = whyOver([...this.#restsOn.values()], rules);
      if (over) return this.end(over);
      if (rules.role() !== this.role) return this.end(roleChanged);
      this.rules = rules;
      this.#openWatches();
    } catch (error) {
      const over = whyOver(timed, { policy, rights: [] });
      if (over) return this.end(over);
      const reason = error instanceof PosternError ? error.reason : undefined;
      this.end({
        code: "policy.withdrawn",
        message: `The policy changed and no longer allows this session${reason ? `: ${reason.message}` : "."}`,
      });
    }
  }

  /** These rules, which count for a time only, have decided something here: when they stop, the session ends. */
  restOn(rules: readonly Rule[]): void {
    for (const rule of rules) this.#restsOn.set(rule.name, rule);
  }

  /** One of `watching`. */
  watch(guardrail: Guardrail): Watch {
    const watch = this.#watches.get(guardrail);
    if (!watch) throw new PosternError("guardrail.closed", `${guardrail.name} is not open in this session.`);
    return watch;
  }

  #guardrails(): Guardrail[] {
    const { policy, rights } = this.rules;
    const names = new Set(rights.map((right) => right.rule));
    const ofRules = policy.rules.filter((rule) => names.has(rule.name)).flatMap((rule) => rule.under);
    return [...new Set([...policy.always, ...ofRules])];
  }

  recording(): Recording {
    this.#recording ??= this.trail.record(this.id);
    return this.#recording;
  }

  counter(guardrail: string, key: string): Counter {
    const name = `${guardrail}\0${key}`;
    let counter = this.counters.get(name);
    if (!counter) {
      counter = { value: 0, since: Date.now() };
      this.counters.set(name, counter);
    }
    return counter;
  }

  end(reason: Reason): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#abort?.abort(reason);
    const listeners = this.#listeners;
    this.#listeners = nobody;
    for (const listener of listeners) {
      try {
        listener.sessionEnds();
      } catch (error) {
        // As a listener of an AbortSignal: it stops nobody else, nor the end of other sessions.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** After the relay: guardrails closed, closing entry written. */
  close(reason: Reason): void {
    for (const guardrail of [...this.#watches.keys()]) this.#closeWatch(guardrail);
    const recording = this.#recording?.id;
    this.#recording?.close();
    this.trail.append({
      kind: "close",
      session: this.id,
      reason: this.#ended ?? reason,
      operations: this.operations,
      ...(recording === undefined ? {} : { recording }),
    });
  }

  #openWatches(): void {
    const wanted = this.#guardrails();
    for (const guardrail of this.#watches.keys()) {
      if (!wanted.includes(guardrail)) this.#closeWatch(guardrail);
    }
    for (const guardrail of wanted) {
      if (!this.#watches.has(guardrail)) this.#watches.set(guardrail, guardrail.open(this));
    }
    this.watching = wanted.map((guardrail) => ({ guardrail, watch: this.watch(guardrail) }));
  }

  #closeWatch(guardrail: Guardrail): void {
    const watch = this.#watches.get(guardrail);
    this.#watches.delete(guardrail);
    try {
      watch?.close?.();
    } catch {
      // A guardrail that fails at its own farewell changes nothing: it has no say any more.
    }
  }
}

/** A connection keeps the role that it has begun with. */
const roleChanged: Reason = {
  code: "policy.role-changed",
  message: "The rules of this session changed, and with them the role that it runs as.",
  hint: "Connect again.",
};

function admitted(
  policy: Policy,
  { identity, resource }: Pick<SessionStart, "identity" | "resource">,
  grants: readonly Grant[],
): RuleSet {
  const rules = rulesFor(policy, identity, resource, grants);
  if (rules.rights.length === 0) {
    throw new PosternError("policy.no-rule", `No rule lets ${identityLabel(identity)} use ${resource}.`, {
      hint: rules.hint ?? "`postern policy explain` shows which rules there are for whom.",
    });
  }
  return sharedRules(rules, identity);
}
