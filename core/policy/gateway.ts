import * as v from "valibot";
import type { GrantTerms } from "../grant.ts";
import { defaultLimits, type Limits, type Policy, type Right, type Rule } from "../policy.ts";
import { check } from "./check.ts";
import { type Flaw, PolicyFlaws } from "./error.ts";
import type { On, PolicyInput, Resources } from "./input.ts";
import { address, listeners } from "./listen.ts";
import { storeOf, webOf } from "./outside.ts";
import { right } from "./right.ts";
import { type Parsed, type ParsedRule, schema } from "./schema.ts";

const made = new WeakSet<object>();

/**
 * A policy: listeners, identity providers, resources and the rules between them. Throws PosternError
 * `policy.invalid` that names the path of everything that does not fit.
 *
 * @example
 * export default gateway({
 *   listen: { postgres: { port: 5432, insecure: true } },
 *   identity: [oidc({ issuer: "https://login.example.com", audience: "postern" })],
 *   resources: { orders: postgres({ host: "orders.internal", database: "orders", credential: env("ORDERS_URL") }) },
 *   rules: [{ who: group("support"), on: "orders", may: ["read"] }],
 * });
 */
export function gateway<const R extends Resources, const Ons extends readonly On<R>[]>(
  policy: PolicyInput<R, Ons>,
): Policy {
  const parsed = v.safeParse(schema, policy);
  if (!parsed.success) throw new PolicyFlaws(parsed.issues.flatMap((issue) => shapeFlaws(issue)));
  const flaws: Flaw[] = [];
  const complete = spellOut(parsed.output, flaws);
  flaws.push(...check(complete));
  if (flaws.length > 0) throw new PolicyFlaws(flaws);
  made.add(complete);
  return complete;
}

/** Whether `gateway()` made it: a plain object that looks like a policy has not been checked. */
export function isPolicy(value: unknown): value is Policy {
  return typeof value === "object" && value !== null && made.has(value);
}

/** Protocols that never send anything in clear. */
function encrypting(resources: Parsed["resources"]): Set<string> {
  const protocols = Object.values(resources).map(({ protocol }) => protocol);
  return new Set(protocols.flatMap(({ name, encrypts }) => (encrypts ? [name] : [])));
}

/** The same policy under the version of the bundle it came from. */
export function versioned(policy: Policy, version: string): Policy {
  const copy = Object.freeze({ ...policy, version });
  made.add(copy);
  return copy;
}

function spellOut(input: Parsed, flaws: Flaw[]): Policy {
  const names = Object.keys(input.resources);
  const health = input.health === undefined ? undefined : address(input.health);
  if (input.health !== undefined && health === undefined) {
    flaws.push({
      path: ["health"],
      message: `"${input.health}" is no address; write 9090 or "127.0.0.1:9090"`,
    });
  }
  const web = webOf(input.web, flaws);
  const store = storeOf(input.store, flaws);
  return Object.freeze({
    version: "unloaded",
    listen: listeners(input.listen, encrypting(input.resources), flaws),
    identity: input.identity,
    resources: input.resources,
    rules: input.rules.map((rule, at) => ruleOf(rule, at, names)),
    always: input.always,
    notify: input.notify,
    signals: input.signals,
    ...(web === undefined ? {} : { web }),
    ...(store === undefined ? {} : { store }),
    trail: input.trail,
    workers: input.workers,
    ...(health === undefined ? {} : { health: `${health.host}:${health.port}` }),
    limits: { ...defaultLimits, ...given(input.limits) },
  });
}

function ruleOf(written: ParsedRule, at: number, names: readonly string[]): Rule {
  const { name = `rules[${at}]`, who, may, under, lifetime, as, grant, hours } = written;
  const on = [written.on].flat();
  return {
    name,
    who,
    on: on.includes("*") ? names : on,
    may: may === "all" ? may : may.map((one): Right => (typeof one === "string" ? right(one) : one)),
    under,
    ...(lifetime === undefined ? {} : { lifetime }),
    ...(as === undefined ? {} : { as }),
    ...(grant === undefined ? {} : { grant: termsOf(grant) }),
    ...(hours === undefined ? {} : { hours }),
  };
}

function termsOf(written: NonNullable<ParsedRule["grant"]>): GrantTerms {
  const { by, upTo, approvers, within, reason = false, ticket, breakGlass = false } = written;
  return { by, upTo, approvers, within, reason, breakGlass, ...(ticket === undefined ? {} : { ticket }) };
}

function given(limits: Parsed["limits"]): Partial<Limits> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

function shapeFlaws(issue: v.BaseIssue<unknown>): Flaw[] {
  const path = issue.path?.map((item) => item.key as string | number) ?? [];
  if (issue.type !== "strict_object") return [{ path, message: issue.message }];
  if (issue.expected === "never") return [{ path, message: "is no key of a policy; see docs/policy.md" }];
  return [{ path, message: issue.received === "undefined" ? "is missing" : issue.message }];
}
