import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Postern } from "../postern.ts";
import type { PostgresServer } from "../servers/postgres.ts";
import type { Target } from "./target.ts";

/**
 * `allowing`: the rule allows everything, the trail is the default. `watching`: besides, a recording of each
 * session and a mask that looks for what no suite holds, so that all rows and texts are read.
 */
export type Watch = "allowing" | "watching";

export interface SuiteGateway extends Target {
  /** Its data folder, with the trail. */
  readonly data: string;
  logged(): string;
  close(): Promise<void>;
}

/** A gateway before the server, each of these databases a resource of the same name. */
export async function openGateway(
  server: PostgresServer,
  databases: readonly string[],
  watch: Watch,
): Promise<SuiteGateway> {
  const folder = mkdtempSync(join(quick(), "postern-suite-"));
  const policy = join(folder, "policy.ts");
  writeFileSync(policy, policyText(server.port, databases, watch));
  const gateway = new Postern(policy, join(folder, "data"), join(folder, "gateway.log"), {
    DATABASE_PASSWORD: server.password,
  });
  const close = async () => {
    await gateway.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await gateway.start();
    const minted = await gateway.postern(["token", "mint", "--subject", "suite", "--ttl", "12h"]);
    if (minted.code !== 0) throw new Error(minted.stderr);
    return {
      host: "127.0.0.1",
      port: gateway.port,
      user: "postgres",
      password: minted.stdout.trim(),
      data: join(folder, "data"),
      logged: () => gateway.logged(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function policyText(port: number, databases: readonly string[], watch: Watch): string {
  const resources = databases.map(
    (database) => `
    ${JSON.stringify(database)}: postgres({
      host: "127.0.0.1",
      port: ${port},
      database: ${JSON.stringify(database)},
      user: "postgres",
      credential: env("DATABASE_PASSWORD"),
    }),`,
  );
  const under = watch === "watching" ? ', under: [mask({ detect: ["jwt"] })]' : "";
  return `
import { anyone, gateway } from "postern";
import { env, local, mask, postgres, record } from "postern/plugins";

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  ${watch === "watching" ? "always: [record()]," : ""}
  limits: { sessionsPerIdentity: 500 },
  resources: {${resources.join("")}
  },
  rules: [{ who: anyone, on: ${JSON.stringify(databases)}, may: "all"${under} }],
});
`;
}

/** Where the gateway's trail goes: each change waits until it is there, and a suite is nothing but changes. */
function quick(): string {
  const memory = "/dev/shm";
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > 2 ** 30 ? memory : tmpdir();
}
