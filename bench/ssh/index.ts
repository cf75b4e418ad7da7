import type { Samples } from "../figure.ts";
import { interleave } from "../interleave.ts";
import type { Report } from "../report/report.ts";
import { reported } from "../report/report.ts";
import type { Extent, Scenario } from "../scenario.ts";
import { type SshPeer, withSshPeers } from "./peers.ts";
import { commands, keys, scp } from "./scenarios.ts";

/** scp throughput, commands and keys: direct, through an sshd as a jump host, and through Postern. */
export function measureSsh(extent: Extent, say: (doing: string) => void): Promise<Report> {
  const scenarios = [scp, commands, keys];
  return withSshPeers(async (peers) =>
    reported(scenarios, peers, await interleave(scenarios, peers, extent, say), extent),
  );
}

/** The same as readings, of these scenarios. */
export function sampleSsh(
  scenarios: readonly Scenario<SshPeer>[],
  extent: Extent,
  say: (doing: string) => void,
): Promise<Samples> {
  return withSshPeers((peers) => interleave(scenarios, peers, extent, say));
}
