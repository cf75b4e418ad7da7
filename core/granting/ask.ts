import { createHash } from "node:crypto";
import { durationText } from "../duration.ts";
import { PosternError } from "../error.ts";
import type { GrantRequest } from "../grant.ts";
import { chain, type Identity, identityKey, identityLabel } from "../identity.ts";
import { type Asking, approversText, asking } from "../policy/asking.ts";
import { partyOf } from "../policy/party.ts";
import { counts } from "../policy/timing.ts";
import type { Policy, Rule } from "../policy.ts";

/** What somebody asks for. */
export interface GrantWish {
  readonly resource: string;
  /** Milliseconds. */
  readonly for: number;
  readonly because?: string;
  readonly ticket?: string;
  /** Names of the rules to open; absent: all that a grant can open for them there. */
  readonly rules?: readonly string[];
  readonly breakGlass: boolean;
}

export interface Judged {
  readonly rules: readonly Rule[];
  readonly terms: Asking;
}

/**
 * The rules that this request would open, all of its terms met. In a chain of delegation each party needs rules
 * of its own. Throws PosternError `resource.unknown`, `grant.*` that says what is in the way.
 */
export function judge(policy: Policy, identity: Identity, wish: GrantWish, now: number): Judged {
  const { resource } = wish;
  if (!Object.hasOwn(policy.resources, resource)) {
    throw new PosternError("resource.unknown", `There is no resource named ${JSON.stringify(resource)}.`, {
      hint: "The operator's policy file lists them under `resources`.",
    });
  }
  const parties = chain(identity).map((party) =>
    partyOf(policy, party, resource, (rule) => counts(rule, [], now)),
  );
  const matching = [...new Set(parties.flatMap(({ closed }) => closed))].filter(({ grant }) => grant);
  const rules = openable(matching, identity, wish, now);
  for (const { identity: party, rules: own, closed } of parties) {
    if (own.length > 0 || closed.some((rule) => rules.includes(rule))) continue;
    throw new PosternError(
      "grant.none",
      `${identityLabel(party)} could not use ${resource} all the same: no rule for them is among those.`,
      { hint: "Whoever acts for another needs a rule as well." },
    );
  }
  const terms = asking(rules);
  meets(wish, terms, rules);
  return { rules, terms };
}

/** What an approval binds to: the request, and all that the rules open and ask, as the policy has them now. */
export function digestOf(
  request: Omit<GrantRequest, "digest" | "approved" | "by" | "approvers">,
  rules: readonly Rule[],
) {
  const { id, identity, resource, because, ticket, openedAt, expires } = request;
  const asked = [id, identityKey(identity), resource, request.for, because ?? null, ticket ?? null];
  return createHash("sha256")
    .update(JSON.stringify([...asked, openedAt, expires, rules.map(meaning)]))
    .digest("hex");
}

function meaning({ name, who, may, under, as, lifetime, hours, grant }: Rule): unknown {
  return [
    name,
    who.label,
    may === "all" ? may : may.map(({ effect, on }) => [effect, on ?? null]),
    under.map((guardrail) => [guardrail.name, guardrail.effects ?? null]),
    [as ?? null, lifetime ?? null, hours?.label ?? null],
    grant && [grant.by.label, grant.upTo, grant.approvers],
  ];
}

function openable(
  matching: readonly Rule[],
  identity: Identity,
  { resource, rules, breakGlass }: GrantWish,
  now: number,
): readonly Rule[] {
  const who = identityLabel(identity);
  const unknown = rules?.find((name) => !matching.some((rule) => rule.name === name));
  const named = rules ? matching.filter(({ name }) => rules.includes(name)) : matching;
  if (unknown !== undefined || named.length === 0) {
    const which = unknown === undefined ? "There is no rule" : `Rule ${JSON.stringify(unknown)} is none`;
    throw new PosternError("grant.none", `${which} that a grant could open for ${who} on ${resource}.`, {
      hint: "`postern policy explain` shows which rules there are for whom.",
    });
  }
  const inHours = named.filter(({ hours }) => hours?.open(now) !== false);
  if (inHours.length === 0 || (rules && inHours.length < named.length)) {
    const late = named.flatMap(({ name, hours }) => (hours ? `rule ${name}: ${hours.label}` : []));
    throw new PosternError("grant.hours", `This cannot be asked for at this hour (${late.join("; ")}).`);
  }
  const breakable = breakGlass ? inHours.filter(({ grant }) => grant?.breakGlass) : inHours;
  if (breakable.length === 0 || (rules && breakable.length < inHours.length)) {
    throw new PosternError("grant.no-break-glass", `No rule lets ${who} break the glass on ${resource}.`, {
      hint: "Ask without --break-glass.",
    });
  }
  return breakable;
}

function meets(wish: GrantWish, terms: Asking, rules: readonly Rule[]): void {
  if (!(wish.for >= 1_000 && wish.for <= terms.upTo)) {
    const names = rules.map(({ name }) => JSON.stringify(name)).join(", ");
    const fewer = rules.length > 1 ? `, or for fewer of its rules (--rule: ${names})` : "";
    throw new PosternError(
      "grant.too-long",
      `A grant here may last from 1s to ${durationText(terms.upTo)}.`,
      {
        hint: `Ask for less: --for ${durationText(terms.upTo)}${fewer}. To be approved by ${approversText(terms)}.`,
      },
    );
  }
  if (terms.reason && (wish.because ?? "").trim() === "") {
    throw new PosternError("grant.reason", "A reason is needed.", { hint: 'Say why: --because "…".' });
  }
  for (const form of terms.tickets) {
    // Whole, and whatever flags the policy's expression has.
    const whole = new RegExp(`^(?:${form.source})$`, form.flags.replace(/[gmy]/g, ""));
    if (whole.test(wish.ticket ?? "")) continue;
    throw new PosternError("grant.ticket", "A ticket of the form that the policy asks for is needed.", {
      hint: `Name it: --ticket, of the form ${form.source}.`,
    });
  }
}
