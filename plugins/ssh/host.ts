import type { Client } from "ssh2";
import type { Dialed } from "../../core/plugin.ts";
import type { AgentOfCallers } from "./forwarded-agent.ts";

/** The gateway's own connection to the host, logged in: `Dialed.state`. */
export interface SshHost {
  readonly connection: Client;
  /** Whom the gateway is logged in as there. */
  readonly login: string;
  /** What the host reaches as the agent that was forwarded to it. */
  readonly agent: AgentOfCallers;
}

export function hostOf(dialed: Dialed): SshHost {
  return dialed.state as SshHost;
}
