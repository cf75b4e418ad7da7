import type { Grant, GrantRequest } from "../grant.ts";
import { newId } from "../id.ts";
import type { Identity } from "../identity.ts";
import type { Policy } from "../policy.ts";
import { digestOf, type GrantWish, type Judged } from "./ask.ts";

/** `req_…`, as it waits for its approvers. */
export function requestFor(
  identity: Identity,
  wish: GrantWish,
  { rules, terms }: Judged,
  now: number,
): GrantRequest {
  const { resource, because, ticket } = wish;
  const request = {
    id: newId("req"),
    ...{ identity, resource, rules: rules.map(({ name }) => name), for: wish.for },
    ...(because === undefined ? {} : { because }),
    ...(ticket === undefined ? {} : { ticket }),
    openedAt: now,
    expires: now + terms.within,
    by: [...new Set(terms.by.map(({ label }) => label))].join(" and "),
    approvers: terms.approvers,
    approved: [],
  };
  return { ...request, digest: digestOf(request, rules) };
}

/** Its id is made of the request's: a request can open one grant and no more. */
export function grantFor(
  request: GrantRequest,
  by: readonly Identity[],
  from: number,
  breakGlass: boolean,
): Grant {
  const { id, identity, resource, rules, because, ticket } = request;
  return {
    id: id.replace(/^req_/, "grant_"),
    request: id,
    ...{ identity, resource, rules, from, until: from + request.for, by, breakGlass },
    ...(because === undefined ? {} : { because }),
    ...(ticket === undefined ? {} : { ticket }),
  };
}

/** Whether the policy still means by these rules what was asked for and approved. */
export function stillMeant(policy: Policy, request: GrantRequest): boolean {
  const rules = request.rules.flatMap(
    (name) => policy.rules.find((rule) => rule.name === name && rule.on.includes(request.resource)) ?? [],
  );
  return rules.length === request.rules.length && digestOf(request, rules) === request.digest;
}
