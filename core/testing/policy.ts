import { fileURLToPath } from "node:url";
import { PosternError } from "../error.ts";
import { assumedGrant, type Explanation, explain, type Moment } from "../explain.ts";
import type { Identity } from "../identity.ts";
import { loadPolicy as load } from "../loader.ts";
import type { Policy } from "../policy.ts";

/** Whom a test speaks as: a person without groups, unless it says otherwise. */
export interface Someone {
  readonly subject: string;
  readonly groups?: readonly string[];
  readonly kind?: Identity["kind"];
  readonly issuer?: string;
  readonly actingFor?: Someone;
}

/** A policy file under test. */
export interface PolicyUnderTest {
  /** As the gateway loads it. */
  readonly policy: Policy;
  as(someone: Someone): { on(resource: string): UseUnderTest };
}

/** Somebody's use of one resource: now, and without any grant, unless it says otherwise. */
export interface UseUnderTest {
  runs(text: string): Promise<Explanation>;
  /** The same while a grant is open that opens these rules. Throws PosternError `grant.none`: a grant opens no such rule. */
  withGrant(...rules: [string, ...string[]]): UseUnderTest;
  /** The same at this moment: `"2026-11-23T10:00:00Z"`. */
  at(time: string): UseUnderTest;
}

/**
 * Loads a policy file for a test that `postern policy test` or `bun test` runs. Nothing listens, no
 * secret is read, no resource is reached.
 *
 * @example
 * const policy = await loadPolicy(new URL("./orders.policy.ts", import.meta.url));
 * const support = policy.as({ subject: "alice", groups: ["support"] }).on("orders");
 *
 * test("support reads masked and drops nothing", async () => {
 *   expect(await support.runs("select * from customers")).toMatchObject({ allowed: true, guardrails: ["record", "mask"] });
 *   expect(await support.runs("drop table customers")).toMatchObject({ allowed: false });
 * });
 */
export async function loadPolicy(file: URL | string): Promise<PolicyUnderTest> {
  const policy = await load(file instanceof URL ? fileURLToPath(file) : file);
  return {
    policy,
    as: (someone) => ({
      on(resource) {
        if (!(resource in policy.resources)) {
          throw new PosternError("explain.resource", `"${resource}" is no resource of this policy.`);
        }
        return use(policy, identityOf(someone), resource, {});
      },
    }),
  };
}

function use(policy: Policy, identity: Identity, resource: string, moment: Moment): UseUnderTest {
  return {
    runs: (text) => explain(policy, identity, resource, text, moment),
    at: (time) => use(policy, identity, resource, { ...moment, at: Date.parse(time) }),
    withGrant(...rules) {
      const grants = [...(moment.grants ?? []), assumedGrant(policy, identity, resource, rules)];
      return use(policy, identity, resource, { ...moment, grants });
    },
  };
}

function identityOf({
  subject,
  groups = [],
  kind = "person",
  issuer = "test",
  actingFor,
}: Someone): Identity {
  return { issuer, subject, kind, groups, ...(actingFor ? { actingFor: identityOf(actingFor) } : {}) };
}
