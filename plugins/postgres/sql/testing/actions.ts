import { describe, expect, test } from "bun:test";
import type { Action } from "../../../../core/plugin.ts";
import { classify, loadParser } from "../classify.ts";

/** `effect target [traits]; ...`, in the order that they are found. */
export function written(actions: readonly Action[]): string {
  return actions
    .map(({ effect, on, traits }) => `${effect} ${on}${traits === undefined ? "" : ` [${traits}]`}`)
    .join("; ");
}

/** One test a text: it has exactly these actions. */
export async function expectActions(
  title: string,
  cases: readonly (readonly [text: string, actions: string])[],
) {
  await loadParser();
  describe(title, () => {
    for (const [text, actions] of cases)
      test(text, () => expect(written(classify(text).actions)).toBe(actions));
  });
}
