import { Hono } from "hono";
import { PosternError } from "../error.ts";
import type { RuledSessions } from "../examined.ts";
import { issuePermit, type Permit } from "../permit.ts";
import { allowance, onlyReads } from "../policy/allowance.ts";
import { roleUnder } from "../policy/role.ts";
import type { Policy, Right } from "../policy.ts";
import type { Resource } from "../protocol.ts";
import type { Supervisor } from "../supervisor.ts";
import type { BypassAnswer, ExaminationAnswer } from "./api.ts";

/** For the operator alone: what resources say of themselves. */
export function resourceRoutes(supervisor: Supervisor): Hono {
  return new Hono()
    .get("/resources/:name/bypasses", async (context) => {
      const name = context.req.param("name");
      const resource = found(supervisor.parts.keeper.policy, name);
      const { protocol } = resource;
      if (!protocol.bypasses) {
        throw new PosternError(
          "doctor.unsupported",
          `${protocol.name} does not tell who is logged in there.`,
          {
            hint: "Look at the resource itself. `postern doctor` without a name checks that it can be reached.",
          },
        );
      }
      await supervisor.admin("bypasses", "gateway", name);
      const answer: BypassAnswer = { bypasses: await protocol.bypasses(ownPermit(resource)) };
      return context.json(answer);
    })
    .get("/resources/:name/examination", async (context) => {
      const name = context.req.param("name");
      const { policy } = supervisor.parts.keeper;
      const resource = found(policy, name);
      if (!resource.protocol.examine) return context.json({ found: [] } satisfies ExaminationAnswer);
      await supervisor.admin("examination", "gateway", name);
      const rules = { rights: rightsOn(policy, name), sessions: sessionsOn(policy, name) };
      const examined = await resource.protocol.examine(ownPermit(resource), rules);
      return context.json({ found: examined } satisfies ExaminationAnswer);
    });
}

/** Throws PosternError `resource.unknown`. */
function found({ resources }: Policy, name: string): Resource {
  const resource = Object.hasOwn(resources, name) ? resources[name] : undefined;
  if (resource) return resource;
  throw new PosternError("resource.unknown", `There is no resource named ${JSON.stringify(name)}.`, {
    hint: "The operator's policy file lists them under `resources`.",
  });
}

/** What rules hand out there, each right once; of a rule with `may: "all"` nothing can be told. */
function rightsOn({ rules }: Policy, resource: string): readonly Right[] {
  const all = rules
    .filter(({ on }) => on.includes(resource))
    .flatMap(({ may }) => (may === "all" ? [] : may));
  return [...new Map(all.map((right) => [right.label, right])).values()];
}

/** What sessions would be there, if that rule were the only one. */
function sessionsOn({ rules, resources }: Policy, resource: string): RuledSessions[] {
  const credential = resources[resource]?.credential;
  return rules
    .filter(({ on }) => on.includes(resource))
    .map((rule) => {
      const reads = onlyReads(allowance([{ rules: [rule] }]));
      const as = roleUnder(credential, rule.as, reads);
      return { rule: rule.name, onlyReads: reads, ...(as === undefined ? {} : { as }) };
    });
}

/** For a question of the gateway's own that no session asks. */
function ownPermit(resource: Resource): Permit {
  return issuePermit(resource, {
    purpose: "control",
    session: "",
    identity: { issuer: "postern", subject: "gateway", kind: "machine", groups: [] },
    label: "postern doctor",
    lease: () =>
      Promise.reject(new PosternError("permit.forged", "A question of the gateway's own makes nothing.")),
  });
}
