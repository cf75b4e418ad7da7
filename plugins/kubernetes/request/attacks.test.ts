import { expect, test } from "bun:test";
import type { Action } from "../../../core/plugin.ts";
import { type Attack, attacks, bodyOf, fieldsOf } from "../../../test/fixtures/kubernetes-attacks/attacks.ts";
import {
  bodyActions,
  type Classified,
  classifyRequest,
  hiddenActions,
  isRefused,
  type Refused,
} from "./index.ts";

for (const attack of attacks) {
  test(`${attack.family}: ${attack.name}`, () => {
    const classified = classify(attack);
    if (attack.verdict === "refused") return expect(isRefused(classified)).toBe(true);
    if (isRefused(classified)) throw new Error(classified.refused);
    expect(said(classified.actions)).toEqual([...(attack.actions ?? [])]);
    if (attack.verdict !== "ask") {
      expect(classified.ask).toBeUndefined();
      expectTraits(attack, classified.actions);
      if (attack.verdict === "shown" && attack.traits) expect(classified.findings).not.toEqual([]);
      return;
    }
    expect(classified.ask).toEqual({ why: attack.why ?? "", needed: true });
    expect(said(hiddenActions(classified.info))).toEqual([
      ...(attack.actions ?? []),
      (attack.actions?.[0] ?? "").replace(/^\w+/, "unknown"),
    ]);
    const answered = bodyActions(classified.info, attack.answer?.object);
    expect(said(answered?.actions ?? [])).toEqual([...(attack.answer?.actions ?? [])]);
    expectTraits(attack, answered?.actions ?? []);
  });
}

test("what is refused is refused for what it does, not for what it is", () => {
  const harmless = ["/api/v1/namespaces/prod/secrets", "/api/v1/namespaces/prod/secrets?watch=true&limit=1"];
  for (const target of harmless) expect(isRefused(classifyRequest("GET", target, [], none))).toBe(false);
});

test("the corpus is as large as it says, and no case stands there twice", () => {
  expect(attacks.length).toBeGreaterThan(180);
  const cases = attacks.map(({ name: _, family: __, verdict: ___, ...request }) => JSON.stringify(request));
  expect(new Set(cases).size).toBe(cases.length);
});

const none = new Uint8Array();

function classify(attack: Attack): Classified | Refused {
  return classifyRequest(attack.method, attack.target, fieldsOf(attack), bodyOf(attack));
}

function said(actions: readonly Action[]): string[] {
  return actions.map(({ effect, on }) => `${effect} ${on}`);
}

function expectTraits({ traits = [] }: Attack, actions: readonly Action[]): void {
  const all = actions.flatMap((action) => action.traits ?? []);
  for (const trait of traits) expect(all).toContain(trait);
}
