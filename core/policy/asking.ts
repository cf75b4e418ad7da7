import { durationText } from "../duration.ts";
import type { GrantTerms } from "../grant.ts";
import type { Rule } from "../policy.ts";

/** What rules with `grant` ask together: the strictest of each. */
export interface Asking extends Omit<GrantTerms, "by" | "ticket"> {
  readonly by: readonly GrantTerms["by"][];
  readonly tickets: readonly RegExp[];
}

export function asking(rules: readonly Rule[]): Asking {
  const terms = rules.flatMap(({ grant }) => grant ?? []);
  return {
    by: terms.map(({ by }) => by),
    upTo: Math.min(...terms.map(({ upTo }) => upTo)),
    approvers: terms.some(({ approvers }) => approvers === 2) ? 2 : 1,
    reason: terms.some(({ reason }) => reason),
    tickets: terms.flatMap(({ ticket }) => ticket ?? []),
    within: Math.min(...terms.map(({ within }) => within)),
    breakGlass: terms.every(({ breakGlass }) => breakGlass),
  };
}

/** Who must approve, for people to read: `group leads`, `two of group leads`. */
export function approversText({ by, approvers }: Pick<Asking, "by" | "approvers">): string {
  const labels = [...new Set(by.map(({ label }) => label))].join(", and as well ");
  return approvers === 2 ? `two of ${labels}` : labels;
}

const usual = 3_600_000;

/**
 * What makes these rules count, for a caller who needs them. `others`: further rules that a request without
 * `--rule` would open.
 */
export function howToOpen(
  resource: string,
  needed: readonly Rule[],
  others: readonly Rule[],
  at: number,
): string {
  const late = needed.filter(({ hours }) => hours?.open(at) === false);
  if (late.length > 0)
    return late.map(({ name, hours }) => `Rule ${name} counts only at its hours: ${hours?.label}.`).join(" ");
  const terms = asking(needed);
  const command = [
    `postern request ${resource} --for ${durationText(Math.min(usual, terms.upTo))} --because "…"`,
    ...(terms.tickets.length > 0 ? ['--ticket "…"'] : []),
    ...(others.some((rule) => !needed.includes(rule))
      ? needed.map(({ name }) => `--rule ${JSON.stringify(name)}`)
      : []),
  ];
  const limits = [
    `up to ${durationText(terms.upTo)}`,
    `approved by ${approversText(terms)}`,
    ...terms.tickets.map(({ source }) => `a ticket of the form ${source}`),
    ...(terms.breakGlass ? ["at once with --break-glass, and everybody is told"] : []),
  ];
  return `Ask for a grant: ${command.join(" ")} (${limits.join("; ")}).`;
}
