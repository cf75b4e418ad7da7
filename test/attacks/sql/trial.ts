import type { Attack, Message } from "./attack.ts";
import type { AttackDoor, World } from "./door.ts";
import { comparable, leaksIn } from "./leaks.ts";
import { Caller, type Played } from "./play.ts";

/** What a case did, and what of it should not be. */
export interface Judged {
  readonly attack: Attack;
  readonly played: Played;
  /** The same in the twin, under a mask. */
  readonly twin?: Played;
  /** `lock`: the classifier let it pass and the session's read-only lock stopped it. */
  readonly verdict: "refused" | "allowed" | "lock";
  readonly faults: readonly string[];
}

/** How often a case is played anew, each time a second later. */
const patience = 30;

/** Leaves something behind in a session that would make the next case another one. */
const lasting =
  /\b(?:set|reset|discard|set_config|declare|prepare|deallocate|listen|temp|temporary|pg_temp|advisory)\b/i;

/** Plays cases one after the other, in sessions that the one before left as new. */
export class Trial {
  readonly #callers = new Map<string, Caller>();
  #tokens: ReadonlyMap<string, string>;
  /** Sessions that were opened. */
  logins = 0;

  constructor(
    readonly door: AttackDoor,
    /** By group. */
    tokens: ReadonlyMap<string, string>,
    /** Runs cases of `read` as who has nothing but `read`. */
    readonly locked = false,
  ) {
    this.#tokens = tokens;
  }

  /** `loose`: a mutant that may ask something else, so that its answer may well depend on a masked value. */
  async run(attack: Attack, piece?: number, loose = false): Promise<Judged> {
    const group = this.locked && attack.under === "read" ? "locked" : attack.under;
    const played = await this.#play(attack, group, attack.on ?? "shop", piece);
    const verdict = verdictOf(played, attack);
    const faults: string[] = played.hung
      ? ["it hung"]
      : attack.under.startsWith("mask")
        ? leaksIn(played, attack)
        : [];
    let twin: Played | undefined;
    if (attack.under.startsWith("mask") && !played.hung) {
      twin = await this.#play(attack, group, "twin", piece);
      if (!loose && comparable(played) !== comparable(twin))
        faults.push("its answer depends on masked values");
      faults.push(...leaksIn(twin, attack).map((leak) => `twin: ${leak}`));
    }
    return { attack, played, ...(twin ? { twin } : {}), verdict, faults };
  }

  close(): void {
    for (const caller of this.#callers.values()) caller.close();
    this.#callers.clear();
  }

  /** Played anew where the gateway's own disk was too slow for its trail: then all is refused, whatever it is. */
  async #play(attack: Attack, group: string, world: World, piece?: number): Promise<Played> {
    for (let left = patience; ; left -= 1) {
      const played = await this.#once(attack, group, world, piece);
      const slow = played.wire.length === 0 || played.refusals.some(({ code }) => code === "trail.late");
      if (!slow || played.hung || left === 0) return played;
      this.#end(group, world);
      await Bun.sleep(1000);
    }
  }

  async #once(attack: Attack, group: string, world: World, piece?: number): Promise<Played> {
    const key = `${group} ${world}`;
    let caller = this.#callers.get(key);
    if (caller === undefined) {
      this.logins += 1;
      caller = await Caller.login(this.door.port, this.#tokens.get(group) ?? "", world);
      this.#callers.set(key, caller);
    }
    const played = await caller.play(attack.sql, piece);
    if (!played.idle || attack.sql.some(lasts)) this.#end(group, world);
    return played;
  }

  #end(group: string, world: World): void {
    const key = `${group} ${world}`;
    this.#callers.get(key)?.close();
    this.#callers.delete(key);
  }
}

/** Names of statements and portals last as settings do. */
function lasts(step: Message): boolean {
  return (
    (typeof step !== "string" && "parse" in step && step.name !== undefined && step.name !== "") ||
    lasting.test(textOf(step))
  );
}

/** The case with the door's own folder in its texts. */
export function placed(attack: Attack, { loot }: AttackDoor): Attack {
  return {
    ...attack,
    sql: attack.sql.map((step) => withTexts(step, (text) => text.replaceAll("{loot}", loot))),
  };
}

/** A message whose SQL is another. */
export function withTexts(step: Message, change: (text: string) => string): Message {
  if (typeof step === "string") return change(step);
  return "parse" in step ? { ...step, parse: change(step.parse) } : step;
}

/** What of a message the server reads as SQL. */
export function textOf(step: Message): string {
  if (typeof step === "string") return step;
  if ("parse" in step) return step.parse;
  return "query" in step ? "set" : "";
}

function verdictOf({ refusals, errors }: Played, { sql }: Attack): Judged["verdict"] {
  if (refusals.length > 0) return "refused";
  const asked = sql.some((step) => /read\s+only|read_only/i.test(textOf(step)));
  return errors.includes("25006") && !asked ? "lock" : "allowed";
}
