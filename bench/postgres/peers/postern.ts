import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Postern } from "../../../test/postern.ts";
import type { PostgresServer } from "../../../test/servers/postgres.ts";
import { commandLine } from "../../processes.ts";
import { freePort } from "../../program.ts";
import { type Certificate, certificateIn } from "../certificate.ts";
import type { Peer } from "./peer.ts";

interface Policy {
  readonly title: string;
  readonly may: string;
  readonly under: string;
  readonly trail: "default" | "strict";
  readonly workers?: number;
  /** Other rules, each for a resource of its own, that have nothing to do with what is measured. */
  readonly others?: number;
  /** A file that the gateway's processes load before their own. */
  readonly preload?: string;
}

const [may, trail] = [`["read", "write"]`, "default"] as const;
/** What the policy asks of Postern: each adds one thing to the one that `rule` is. */
export const variants = {
  bare: { title: "Postern", may: `"all"`, under: "", trail },
  rule: { title: "with a rule", may, under: "", trail },
  mask: { title: "masked", may, under: `mask({ columns: ["abalance", "c3"] })`, trail },
  detect: { title: "detectors", may, under: `mask({ detect: ["email", "card"] })`, trail },
  record: { title: "recorded", may, under: "record()", trail },
  strict: { title: "strict trail", may, under: "", trail: "strict" },
  crowd: { title: "1,000 rules", may, under: "", trail, others: 999 },
  two: { title: "two workers", may, under: "record()", trail, workers: 2 },
  untrailed: {
    title: "no trail",
    may,
    under: "",
    trail,
    preload: join(import.meta.dir, "untrailed.preload.ts"),
  },
} as const satisfies Record<string, Policy>;
export type Variant = keyof typeof variants;

/** A gateway of its own for each variant, one worker, as an operator would start it. */
export async function postern(
  server: PostgresServer,
  folder: string,
  variant: Variant,
  /** Source of one more guardrail. */
  guardrail?: string,
): Promise<Peer> {
  const own = join(folder, variant);
  if (!existsSync(own)) mkdirSync(own);
  const policy = join(own, "policy.ts");
  const idle = { database: "idle", port: freePort() };
  writeFileSync(policy, policyText(server, certificateIn(folder), variant, idle.port, guardrail));
  const { preload }: Policy = variants[variant];
  const gateway = new Postern(policy, join(own, "data"), join(own, "gateway.log"), {
    DATABASE_PASSWORD: server.password,
    ...(preload === undefined ? {} : { BUN_OPTIONS: `--preload ${preload}` }),
  });
  await gateway.start();
  const { user, password } = await credential(gateway);
  const processes = gateway.processes().map(Number);
  return {
    id: variant,
    title: variants[variant].title,
    port: gateway.port,
    user,
    password,
    database: "bench",
    carries: processes.filter((pid) => commandLine(pid).includes("worker-process")),
    processes,
    cold: false,
    compiles: true,
    idle,
    close: () => gateway.kill(),
  };
}

/** A short-lived credential, so that callers log in by SCRAM here as everywhere. */
async function credential(gateway: Postern): Promise<{ user: string; password: string }> {
  const minted = await gateway.postern([
    "token",
    "mint",
    "--subject",
    "bench",
    "--group",
    "bench",
    "--ttl",
    "8h",
  ]);
  if (minted.code !== 0) throw new Error(minted.stderr);
  const issued = await gateway.postern(
    ["credentials", "issue", "--ttl", "8h", "--json"],
    minted.stdout.trim(),
  );
  if (issued.code !== 0) throw new Error(issued.stderr);
  return JSON.parse(issued.stdout) as { user: string; password: string };
}

function policyText(
  { port, user }: PostgresServer,
  tls: Certificate,
  variant: Variant,
  idlePort: number,
  guardrail = "",
): string {
  const { may, under, trail, workers = 1, others = 0 }: Policy = variants[variant];
  const guardrails = [under, guardrail].filter((source) => source !== "").join(", ");
  return `
import { gateway, group } from "postern";
import { env, local, mask, postgres, record } from "postern/plugins";
const others = Array.from({ length: ${others} }, (_, index) => \`other-\${index}\`);
export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true, tls: ${JSON.stringify(tls)} } },
  identity: [local()],
  trail: "${trail}",
  workers: ${workers},
  limits: { sessionsPerIdentity: 20_000 },
  resources: {
    bench: postgres({
      host: "127.0.0.1",
      port: ${port},
      database: "postgres",
      user: "${user}",
      credential: env("DATABASE_PASSWORD"),
    }),
    idle: postgres({ host: "127.0.0.1", port: ${idlePort}, database: "idle", user: "idle" }),
    ...Object.fromEntries(others.map((name) => [name, postgres({ host: "127.0.0.1", database: name })])),
  },
  rules: [
    ...others.map((name) => ({ name, who: group(name), on: name, may: ["read" as const] })),
    { name: "bench", who: group("bench"), on: ["bench", "idle"], may: ${may}, under: [${guardrails}] },
  ],
});
`;
}
