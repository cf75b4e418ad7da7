import type { LimitsInput } from "../../core/policy/input.ts";

/** The policy that the acceptance tests run under, as an operator would write it. */
export interface PolicyParts {
  readonly databasePort: number;
  readonly trail?: "default" | "strict";
  /** Whether `shared.ts` beside it exports one more rule. */
  readonly shared?: boolean;
  readonly workers?: number;
  readonly limits?: LimitsInput;
  /** More resources for the group `bench`, by name: the ports of their servers. */
  readonly further?: Readonly<Record<string, number>>;
}

export function policyText({
  databasePort,
  trail = "default",
  shared = false,
  workers = 1,
  limits = { sessionsPerIdentity: 500 },
  further = {},
}: PolicyParts): string {
  const resources = Object.entries(further).map(
    ([name, port]) => `
    ${name}: postgres({ host: "127.0.0.1", port: ${port}, user: "postgres", credential: env("DATABASE_PASSWORD") }),`,
  );
  return `
import { gateway, group, read, write } from "postern";
import { approve, env, local, mask, postgres, record } from "postern/plugins";
${shared ? 'import { shared } from "./shared.ts";' : ""}

const pii = mask({ columns: ["email", "card"] });
const signOff = approve({ by: group("leads"), within: "10m" });
const fourEyes = approve({ by: group("leads"), approvers: 2, within: "10m" });
const hasty = approve({ by: group("leads"), within: "1s" });

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  always: [record()],
  trail: "${trail}",
  workers: ${workers},
  limits: ${JSON.stringify(limits)},
  resources: {
    shop: postgres({
      host: "127.0.0.1",
      port: ${databasePort},
      database: "postgres",
      user: "postgres",
      credential: env("DATABASE_PASSWORD"),
    }),${resources.join("")}
  },
  rules: [${shared ? "\n    shared," : ""}
    { name: "everybody reads masked", who: group("support", "careful", "hasty"), on: "shop", may: ["read"], under: [pii] },
    { name: "support takes orders", who: group("support"), on: "shop", may: [write("public.orders")] },
    {
      name: "support changes customers",
      who: group("support"),
      on: "shop",
      may: [write("public.customers")],
      under: [signOff],
    },
    {
      name: "two approve what the careful change",
      who: group("careful"),
      on: "shop",
      may: [write("public.customers")],
      under: [fourEyes],
    },
    {
      name: "hasty changes customers",
      who: group("hasty"),
      on: "shop",
      may: [write("public.customers")],
      under: [hasty],
    },
    { name: "admins", who: group("admins"), on: "shop", may: "all" },
    { name: "bench", who: group("bench"), on: ${JSON.stringify(["shop", ...Object.keys(further)])}, may: ["read", "write"] },
  ],
});
`;
}
