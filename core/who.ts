import { chain, type Identity } from "./identity.ts";

/** Whom a rule or an approval means. */
export interface Who {
  /** How it reads in explanations and notices: `group leads`. */
  readonly label: string;
  matches(identity: Identity): boolean;
}

export const anyone: Who = { label: "anyone", matches: () => true };

/** Members of any of these groups. */
export function group(...names: [string, ...string[]]): Who {
  return {
    label: `group ${names.join(", ")}`,
    matches: (identity) => identity.groups.some((name) => names.includes(name)),
  };
}

/** These people, by subject; with none named: any person. */
export function person(...subjects: string[]): Who {
  return ofKind("person", subjects);
}

/** These machines (runners, agents), by subject; with none named: any machine. */
export function machine(...subjects: string[]): Who {
  return ofKind("machine", subjects);
}

/** Both must match. */
export function both(first: Who, second: Who): Who {
  return {
    label: `${first.label} and ${second.label}`,
    matches: (identity) => first.matches(identity) && second.matches(identity),
  };
}

/**
 * Whoever acts for one who matches, at any depth of the delegation. A rule that asks for it gives an agent rights
 * that it has in that name alone; they never go beyond what the one it acts for has.
 */
export function actingFor(who: Who): Who {
  return {
    label: `acting for ${who.label}`,
    matches: (identity) =>
      chain(identity)
        .slice(1)
        .some((party) => who.matches(party) === true),
  };
}

/** One who matches and acts for nobody: not the same agent in somebody's name. */
export function alone(who: Who): Who {
  return {
    label: `${who.label} alone`,
    matches: (identity) => identity.actingFor === undefined && who.matches(identity),
  };
}

/** Whether everybody of a chain of delegation matches: an agent answers only for what it and whom it acts for may. */
export function allMatch(who: Who, identity: Identity): boolean {
  return chain(identity).every((party) => who.matches(party) === true);
}

function ofKind(kind: Identity["kind"], subjects: readonly string[]): Who {
  return {
    label: subjects.length === 0 ? `any ${kind}` : `${kind} ${subjects.join(", ")}`,
    matches: (identity) =>
      identity.kind === kind && (subjects.length === 0 || subjects.includes(identity.subject)),
  };
}
