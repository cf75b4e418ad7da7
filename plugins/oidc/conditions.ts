import { NotAccepted, PosternError } from "../../core/plugin.ts";
import { isObject, type JsonObject } from "./document.ts";

/**
 * What a claim must be: a string, number or boolean is equal to it; a RegExp matches all of it; of a list,
 * one holds; an object asks each of its members of a nested claim. Of a claim that is a list itself, one
 * value must do.
 */
export type Condition = string | number | boolean | RegExp | readonly Condition[] | ClaimConditions;

export interface ClaimConditions {
  readonly [claim: string]: Condition;
}

/** Throws NotAccepted naming the first claim that is not as the policy wants it. */
export type ClaimCheck = (claims: JsonObject) => void;

/** Throws PosternError `oidc.claims` for conditions that nothing could meet, or that mean nothing. */
export function claimCheck(wanted: ClaimConditions | readonly ClaimConditions[]): ClaimCheck {
  const alternatives = [wanted].flat().map((each) => members(each, "claims"));
  if (alternatives.length === 0) throw unusable("claims");
  return (claims) => {
    const wrong = alternatives.map((each) => each.find(([, name, holds]) => !holds(own(claims, name))));
    if (wrong.includes(undefined)) return;
    const paths = [...new Set(wrong.map((each) => each?.[0]))].join(" or ");
    throw new NotAccepted(`oidc: the claim ${paths} is not what the policy asks for.`);
  };
}

type Holds = (value: unknown) => boolean;

function members(wanted: ClaimConditions, path: string): (readonly [path: string, name: string, Holds])[] {
  const entries = isObject(wanted) ? Object.entries<Condition>(wanted) : [];
  if (entries.length === 0) throw unusable(path);
  return entries.map(([name, condition]) => [name, name, holding(condition, `${path}.${name}`)]);
}

function holding(condition: Condition, path: string): Holds {
  const one = single(condition, path);
  return (value) => one(value) || (Array.isArray(value) && value.some(one));
}

function single(condition: Condition, path: string): Holds {
  if (condition instanceof RegExp) {
    const whole = new RegExp(`^(?:${condition.source})$`, condition.flags.replace(/[gmy]/g, ""));
    return (value) => typeof value === "string" && whole.test(value);
  }
  if (isList(condition)) {
    if (condition.length === 0) throw unusable(path);
    const any = condition.map((each) => holding(each, path));
    return (value) => any.some((holds) => holds(value));
  }
  if (typeof condition === "object" && condition !== null) {
    const all = members(condition, path);
    return (value) => isObject(value) && all.every(([, name, holds]) => holds(own(value, name)));
  }
  if (!["string", "number", "boolean"].includes(typeof condition)) throw unusable(path);
  return (value) => value === condition;
}

function isList(condition: Condition): condition is readonly Condition[] {
  return Array.isArray(condition);
}

function own(claims: JsonObject, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function unusable(path: string): PosternError {
  return new PosternError("oidc.claims", `${path} says nothing that a claim could be.`, {
    hint: 'Write a string, a RegExp, or a list of them: { repository: "acme/app", ref: /refs\\/heads\\/.+/ }.',
  });
}
