import { PosternError } from "./error.ts";

/**
 * Refuses a key that a plugin does not know: a misspelled option of a guardrail would guard nothing, and a policy
 * that no type checker has seen must not slip through. `known` names every key of `O`, or it does not compile.
 * Throws PosternError `policy.option`.
 */
export function onlyKnown<O extends object>(plugin: string, options: O, known: Record<keyof O, true>): void {
  const stranger = Object.keys(options).find((key) => !Object.hasOwn(known, key));
  if (stranger === undefined) return;
  throw new PosternError("policy.option", `${plugin}() has no option "${stranger}".`, {
    hint: `It takes ${Object.keys(known).join(", ")}.`,
  });
}

/** Refuses a word that is none of `choices`. Throws PosternError `policy.option`. */
export function oneOf<T extends string>(what: string, word: T, choices: readonly T[]): T {
  if (choices.includes(word)) return word;
  throw new PosternError("policy.option", `${JSON.stringify(word)} is no ${what}.`, {
    hint: `Choose of ${choices.join(", ")}.`,
  });
}
