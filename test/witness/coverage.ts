import type { Action, Effect } from "../../core/plugin.ts";
import { classify } from "../../plugins/postgres/sql/classify.ts";
import { identifier } from "../../plugins/postgres/sql/names.ts";
import { defaultSettings, nextSettings } from "../../plugins/postgres/sql/settings.ts";
import type { Fact, Message } from "./facts.ts";
import { isCovered } from "./objects.ts";

/** What the classifier said of a text, held against what the server did. */
export interface Verdict {
  readonly text: string;
  readonly actions: readonly Action[];
  /** It has an action `unknown`. */
  readonly unknown: boolean;
  /** The server could not parse it either. */
  readonly invalid: boolean;
  /** What the server did that no action covers. */
  readonly misses: readonly string[];
  /** What only the resource's catalogue shows: what is under a view, a rule, row security, a call by attribute. */
  readonly hidden: readonly string[];
}

/** A session as the relay would follow it: its settings, and what its prepared statements and cursors do. */
class Session {
  settings = defaultSettings;
  readonly #names = new Map<string, readonly Action[]>();

  actions(text: string): readonly Action[] {
    const { actions, detail } = classify(text, this.settings);
    this.settings = nextSettings(this.settings, detail.changes);
    let all = actions;
    for (const { verb, name = "", actions: does = [] } of detail.uses) {
      if (verb === "prepare" || verb === "declare") this.#names.set(`${verb} ${name}`, does);
      if (verb === "fetch") all = [...all, ...(this.#names.get(`declare ${name}`) ?? [])];
      const prepared = verb === "execute" ? this.#names.get(`prepare ${name}`) : undefined;
      if (prepared) {
        all = [...all.filter(({ on }) => on !== `prepared ${identifier(name)}`), ...prepared];
      }
    }
    return all;
  }
}

/** One verdict a message, from its text alone. Sessions are told apart by their number. */
export function* verdicts(messages: Iterable<Message>): Generator<Verdict> {
  const sessions = new Map<number, Session>();
  for (const message of messages) {
    const session = sessions.get(message.session) ?? new Session();
    sessions.set(message.session, session);
    const { mentions } = classify(message.text, session.settings).detail;
    const actions = session.actions(message.text);
    const mentioned = new Set([...mentions.calls, ...mentions.attributes].map(({ name }) => name));
    yield verdictOf(message, actions, (fact) =>
      fact.what === "called" ? mentioned.has(fact.name) : fact.what === "ran" || fact.what === "emptied",
    );
  }
}

/** `isHidden`: what these actions cannot be expected to tell. */
export function verdictOf(
  message: Message,
  actions: readonly Action[],
  isHidden: (fact: Fact) => boolean,
): Verdict {
  const misses = new Set<string>();
  const hidden = new Set<string>();
  for (const fact of message.facts) {
    for (const miss of missing(fact, actions, message)) (isHidden(fact) ? hidden : misses).add(miss);
  }
  const failed = message.facts.length > 0 && message.facts.every(isSyntaxError);
  const unknown = actions.some(({ effect }) => effect === "unknown");
  return {
    ...{ text: message.text, actions, unknown, invalid: failed && unknown },
    ...{ misses: [...misses], hidden: [...hidden] },
  };
}

function isSyntaxError(fact: Fact): boolean {
  return fact.what === "error" && fact.code === "42601";
}

/** What EXPLAIN does not do: it checks the rights for it all the same. */
const planned: ReadonlySet<Effect> = new Set(["write", "delete"]);

/** In the server's own schema, by a test that allows itself to change the system: nobody could tell from its name. */
const system = /^(old|new)_system_table/;

function missing(fact: Fact, actions: readonly Action[], { text }: Message): string[] {
  if ("name" in fact && system.test(fact.name)) return [];
  if (actions.some(({ effect, on }) => effect === "unknown" && on === "*")) return [];
  const explains = /^\s*explain\b(?!\s*(\(.*?)?analyze)/is.test(text);
  const found = (effects: readonly Effect[], name: string) =>
    effects
      .filter((effect) => !(explains && planned.has(effect)) && !reaches(actions, effect, fact))
      .map((effect) => `${fact.what} ${effect} ${name}`);
  switch (fact.what) {
    case "named":
    case "ran":
      return fact.what === "ran" && fact.depth > 0 ? [] : found(effectsOf(fact.rights), nameOf(fact));
    case "locked":
      return found(["read"], nameOf(fact));
    case "granted":
      return found(["grant"], nameOf(fact));
    case "called":
      return fact.own ? found(["execute"], nameOf(fact)) : [];
    case "executed":
    case "error":
      return [];
    case "emptied":
      return fact.depth === 0 && !isCovered(fact, text, actions, ["delete", "define"])
        ? [`emptied ${fact.path.join(".")}`]
        : [];
    default:
      return fact.depth === 0 && !isCovered(fact, text, actions, ["define", "grant"])
        ? [`${fact.what} ${fact.type} ${fact.path.join(".")}`]
        : [];
  }
}

const bits: readonly (readonly [number, Effect])[] = [
  [1, "write"],
  [2, "read"],
  [4, "write"],
  [8, "delete"],
];

function effectsOf(rights: number): Effect[] {
  return bits.filter(([bit]) => (rights & bit) !== 0).map(([, effect]) => effect);
}

function nameOf(fact: { schema: string; name: string }): string {
  return `${identifier(fact.schema)}.${identifier(fact.name)}`;
}

/** A temporary relation is the session's own: what a text calls like one in `public` may be it. */
function reaches(actions: readonly Action[], effect: Effect, fact: Fact): boolean {
  if (!("schema" in fact)) return false;
  const name = identifier(fact.name);
  const targets = ["*", `*.${name}`, nameOf(fact), ...(fact.schema === "pg_temp" ? [`public.${name}`] : [])];
  return actions.some(
    (action) => action.effect === effect && targets.includes(action.on.replace(/^pg_temp_\d+\./, "pg_temp.")),
  );
}
