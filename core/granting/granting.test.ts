import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../test/seed.ts";
import { rulesFor } from "../decide.ts";
import { PosternError } from "../error.ts";
import type { Grant } from "../grant.ts";
import { type Identity, isSame, parties } from "../identity.ts";
import { provider, resource, somebody } from "../policy/fixture.ts";
import { gateway } from "../policy/gateway.ts";
import type { GrantInput, RuleInput } from "../policy/input.ts";
import { write } from "../policy/right.ts";
import { anyone, group, machine } from "../who.ts";
import { mayNotAnswer } from "./answer.ts";
import { type GrantWish, judge } from "./ask.ts";
import { grantFor, requestFor, stillMeant } from "./make.ts";

const shop = resource("rows", "operation");
type One = { readonly shop: typeof shop };
function policyOf(...rules: RuleInput<One, "shop">[]) {
  return gateway({ listen: {}, identity: [provider], resources: { shop }, rules });
}
const leads: GrantInput = { by: group("leads"), upTo: "2h" };
const fix = (more: Partial<RuleInput<One, "shop">> = {}): RuleInput<One, "shop"> => ({
  ...{ name: "fix", who: group("support"), on: "shop", may: ["write"], grant: leads },
  ...more,
});
const now = Date.parse("2026-11-23T10:00:00Z");
const sam = somebody("sam", "support");
const lea = somebody("lea", "leads");
const bot: Identity = { ...somebody("bot"), kind: "machine" };
const wish: GrantWish = { resource: "shop", for: 60_000, breakGlass: false };

function refusal(what: () => unknown): string {
  try {
    what();
  } catch (error) {
    if (error instanceof PosternError) return error.code;
    throw error;
  }
  return "none";
}

function asked(policy: ReturnType<typeof policyOf>, who = sam, more: Partial<GrantWish> = {}) {
  const judged = judge(policy, who, { ...wish, ...more }, now);
  return { judged, request: requestFor(who, { ...wish, ...more }, judged, now) };
}

describe("a request", () => {
  test("opens the rules with a grant that match, and asks what the strictest of them asks", () => {
    const policy = policyOf(
      fix(),
      fix({ name: "define", may: ["define"], grant: { ...leads, upTo: "30m", approvers: 2, within: "5m" } }),
      fix({ name: "others", who: group("sre") }),
      { name: "look", who: group("support"), on: "shop", may: ["read"] },
    );
    const { judged, request } = asked(policy);
    expect(judged.rules.map(({ name }) => name)).toEqual(["fix", "define"]);
    expect(judged.terms).toMatchObject({ upTo: 1_800_000, approvers: 2, within: 300_000 });
    expect(request).toMatchObject({ expires: now + 300_000, approvers: 2, by: "group leads" });
    expect(asked(policy, sam, { rules: ["fix"] }).judged.terms.approvers).toBe(1);
    expect(refusal(() => asked(policy, sam, { rules: ["others"] }))).toBe("grant.none");
    expect(refusal(() => asked(policy, sam, { rules: ["look"] }))).toBe("grant.none");
    expect(refusal(() => asked(policy, sam, { rules: ["fix"], for: 7_200_001 }))).toBe("grant.too-long");
    expect(refusal(() => asked(policy, sam, { for: Number.NaN }))).toBe("grant.too-long");
    // What one rule allows and another does not: it says that they can be asked for one by one.
    expect(() => asked(policy, sam, { for: 3_600_000 })).toThrow(
      expect.objectContaining({ more: { hint: expect.stringContaining('(--rule: "fix", "define")') } }),
    );
    expect(refusal(() => asked(policy, somebody("eve")))).toBe("grant.none");
    expect(refusal(() => asked(policy, { ...sam, resource: "logs" }))).toBe("grant.none");
    expect(refusal(() => asked(policy, sam, { resource: "logs" }))).toBe("resource.unknown");
  });

  test("a denial has the command for it: what stands in it can be typed as it is", () => {
    const policy = policyOf(fix({ grant: { ...leads, ticket: /OPS-\d+/ } }));
    const { hint } = rulesFor(policy, sam, "shop", [], now);
    expect(hint).toBe(
      'Ask for a grant: postern request shop --for 1h --because "…" --ticket "…" (up to 2h; approved by group leads; a ticket of the form OPS-\\d+).',
    );
  });

  test("can be seen before it is made: what its rules would allow", () => {
    const policy = policyOf(fix(), { name: "look", who: group("support"), on: "shop", may: ["read"] });
    const { rights, closed } = rulesFor(policy, sam, "shop");
    expect({ rights, closed }).toEqual({
      rights: [{ rule: "look", may: ["read"] }],
      closed: [{ rule: "fix", may: ["write"] }],
    });
  });

  test("a ticket is of the whole form, whatever the flags of the expression", () => {
    const policy = policyOf(fix({ grant: { ...leads, ticket: /ops-\d+/giy } }));
    for (const ticket of ["OPS-1", "ops-22", "OPS-1"])
      expect(refusal(() => asked(policy, sam, { ticket }))).toBe("none");
    for (const ticket of ["OPS-", "xOPS-1", "OPS-1x", "OPS-1\n", ""]) {
      expect(refusal(() => asked(policy, sam, { ticket }))).toBe("grant.ticket");
    }
  });

  test("each party of a chain needs a rule", () => {
    const forSam = { ...bot, actingFor: sam };
    expect(refusal(() => asked(policyOf(fix()), forSam))).toBe("grant.none");
    const both = policyOf(fix(), fix({ name: "bots", who: machine() }));
    expect(asked(both, forSam).judged.rules.map(({ name }) => name)).toEqual(["bots", "fix"]);
    const free = policyOf(fix(), { name: "bots", who: machine(), on: "shop", may: ["write"] });
    expect(asked(free, forSam).judged.rules.map(({ name }) => name)).toEqual(["fix"]);
  });

  test("not outside the hours, and the glass is broken only where the rule allows it", () => {
    const late = policyOf(fix({ hours: "Mon 11:00-12:00 UTC" }));
    expect(refusal(() => asked(late))).toBe("grant.hours");
    expect(refusal(() => asked(policyOf(fix()), sam, { breakGlass: true }))).toBe("grant.no-break-glass");
    const some = policyOf(fix(), fix({ name: "emergency", grant: { ...leads, breakGlass: true } }));
    expect(asked(some, sam, { breakGlass: true }).judged.rules.map(({ name }) => name)).toEqual([
      "emergency",
    ]);
  });
});

describe("an answer", () => {
  test("of whoever the rules name, and of nobody else", () => {
    const policy = policyOf(fix(), fix({ name: "two", grant: { ...leads, by: group("security") } }));
    const { judged, request } = asked(policy);
    const both = somebody("kim", "leads", "security");
    expect(mayNotAnswer(request, judged, { approve: true, by: both })).toBeUndefined();
    expect(mayNotAnswer(request, judged, { approve: true, by: lea })).toContain("Only group security");
    const agent = { ...bot, groups: ["leads", "security"] };
    expect(mayNotAnswer(request, judged, { approve: true, by: { ...agent, actingFor: lea } })).toContain(
      "Only",
    );
    expect(mayNotAnswer(request, judged, { approve: true, by: { ...bot, actingFor: both } })).toContain(
      "Only",
    );
    expect(mayNotAnswer(request, judged, { approve: true, by: both, digest: "x" })).toContain("not the one");
  });

  test("nobody of either chain is the other's, by whatever identity, in any generated chains", () => {
    const random = seededRandom(`approvers ${process.env.POSTERN_SEED ?? 1}`);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const policy = policyOf(fix({ who: anyone, grant: { by: anyone, upTo: "1h", approvers: 2 } }));
    const one = (): Identity => ({
      ...{ issuer: pick(["a", "b"]), subject: pick(["p", "q", "r", "s"]), groups: [] },
      kind: pick(["person", "machine"] as const),
      ...(random() < 0.5 ? { person: pick(["P", "p", "Q"]) } : {}),
    });
    const chain = (): Identity => (random() < 0.5 ? one() : { ...one(), actingFor: chain() });
    const overlap = (some: Identity, other: Identity) =>
      parties(some).some((party) => parties(other).some((each) => isSame(party, each)));
    let counted = 0;
    for (let run = 0; run < Number(process.env.POSTERN_RUNS ?? 2_000); run++) {
      const [who, first, second] = [chain(), chain(), chain()];
      const { judged, request } = asked(policy, who);
      const begun = { ...request, approved: [first] };
      const answer = mayNotAnswer(begun, judged, { approve: true, by: second });
      expect(answer === undefined).toBe(!overlap(who, second) && !overlap(first, second));
      if (answer === undefined) counted++;
    }
    expect(counted).toBeGreaterThan(50);
  });

  test("what the policy has changed since must be asked for again", () => {
    const { request } = asked(policyOf(fix()));
    const changes: Partial<RuleInput<One, "shop">>[] = [
      { may: ["write", "define"] },
      { may: [write("public.*")] },
      { grant: { ...leads, by: group("leads", "sre") } },
      { grant: { ...leads, approvers: 2 } },
      { as: "admin" },
      { lifetime: "8h" },
      { hours: "00:00-24:00 UTC" },
    ];
    for (const change of changes) {
      const policy = policyOf(fix(change));
      const judged = judge(policy, sam, { ...wish, rules: request.rules }, now);
      expect(mayNotAnswer(request, judged, { approve: true, by: lea })).toContain("asked for again");
      expect(stillMeant(policy, request)).toBe(false);
    }
    expect(stillMeant(policyOf(fix({ name: "other" })), request)).toBe(false);
    const same = policyOf({ name: "more", who: anyone, on: "shop", may: ["read"] }, fix());
    expect(stillMeant(same, request)).toBe(true);
    expect(mayNotAnswer(request, judge(same, sam, wish, now), { approve: true, by: lea })).toBeUndefined();
  });
});

describe("a grant", () => {
  const policy = policyOf(fix(), { name: "look", who: group("support"), on: "shop", may: ["read"] });
  const actions = [{ effect: "write", on: "public.orders" }] as const;
  const grant = (): Grant => grantFor(asked(policy).request, [lea], now, false);
  const allowed = (who: Identity, grants: readonly Grant[], at = now) =>
    rulesFor(policy, who, "shop", grants, at).decide(actions).allowed;

  test("counts for exactly its chain, from its beginning to before its end", () => {
    expect(allowed(sam, [])).toBe(false);
    expect(allowed(sam, [grant()])).toBe(true);
    expect(allowed(sam, [grant()], now - 1)).toBe(false);
    expect(allowed(sam, [grant()], now + 59_999)).toBe(true);
    expect(allowed(sam, [grant()], now + 60_000)).toBe(false);
    expect(allowed(somebody("eve", "support"), [grant()])).toBe(false);
    expect(allowed({ ...sam, issuer: "other" }, [grant()])).toBe(false);
    expect(allowed({ ...sam, actingFor: sam }, [grant()])).toBe(false);
    expect(allowed(sam, [{ ...grant(), resource: "other" }])).toBe(false);
    expect(allowed(somebody("sam", "sales"), [grant()])).toBe(false);
  });

  test("the rules tell what rests on it and until when, and the latest of several counts", () => {
    const set = rulesFor(policy, sam, "shop", [grant()], now);
    expect([set.until, set.fresh, set.grants.length]).toEqual([now + 60_000, now + 60_000, 1]);
    expect(set.decide(actions).timed.map(({ name }) => name)).toEqual(["fix"]);
    expect(set.decide([{ effect: "read", on: "x" }]).timed).toEqual([]);
    const longer = { ...grant(), id: "grant_2", until: now + 90_000 };
    expect(rulesFor(policy, sam, "shop", [longer, grant()], now).until).toBe(now + 90_000);
    expect(rulesFor(policy, sam, "shop", [], now)).toMatchObject({ timed: [], grants: [] });
  });

  test("a denial says how to ask, where that helps", () => {
    const { reason, steps } = rulesFor(policy, sam, "shop", [], now).decide(actions);
    expect(reason?.hint).toContain(
      'postern request shop --for 1h --because "…" (up to 2h; approved by group leads)',
    );
    expect(steps[0]).toMatchObject({
      closed: ["fix"],
      why: expect.stringContaining("rule fix would, with a grant"),
    });
    const useless = [...actions, { effect: "define", on: "x" }] as const;
    expect(rulesFor(policy, sam, "shop", [], now).decide(useless).reason?.hint).not.toContain(
      "postern request",
    );
    expect(rulesFor(policyOf(fix()), sam, "shop", [], now).hint).toContain("postern request shop");
    expect(rulesFor(policyOf(fix()), somebody("eve"), "shop", [], now).hint).toBeUndefined();
    const several = policyOf(
      { name: "look", who: anyone, on: "shop", may: ["read"] },
      fix(),
      fix({ name: "drop it", may: ["define"] }),
    );
    expect(rulesFor(several, sam, "shop", [], now).decide(actions).reason?.hint).toContain('--rule "fix"');
  });

  test("hours open and close a rule by themselves", () => {
    const timed = policyOf({
      name: "day",
      who: anyone,
      on: "shop",
      may: ["write"],
      hours: "Mon 09:00-17:00 UTC",
    });
    const at = (hour: number) => now + (hour - 10) * 3_600_000;
    const set = rulesFor(timed, sam, "shop", [], at(10));
    expect([set.decide(actions).allowed, set.until]).toEqual([true, at(17)]);
    const late = rulesFor(timed, sam, "shop", [], at(18));
    expect([late.rights, late.fresh, late.hint]).toEqual([
      [],
      at(9 + 7 * 24),
      "Rule day counts only at its hours: Mon 09:00-17:00 UTC.",
    ]);
  });
});
