import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Scanner } from "../../plugins/mask/detect/scanner.ts";
import { median } from "../figure.ts";
import { threadMicros } from "../growth/timed.ts";
import { sampleHttp } from "../http/index.ts";
import { throughput as httpThroughput } from "../http/scenarios.ts";
import { interleave } from "../interleave.ts";
import { deriveAdded } from "../postgres/derive.ts";
import { allPeers, gatewayPeers, withPeers } from "../postgres/index.ts";
import type { Peer } from "../postgres/peers/peer.ts";
import { bulk } from "../postgres/scenarios/bulk.ts";
import { connect } from "../postgres/scenarios/connect.ts";
import { idle } from "../postgres/scenarios/idle.ts";
import { latency } from "../postgres/scenarios/latency.ts";
import { throughput } from "../postgres/scenarios/throughput.ts";
import { type Extent, extents, type Scenario } from "../scenario.ts";
import { sampleSsh } from "../ssh.ts";
import { report } from "./report.ts";
import type { Measured } from "./rows.ts";

type Say = (doing: string) => void;

/** Every row of the table with its figure, its goal, and whether it is met; from one run in which the peers take turns. */
export async function measureGoals(
  extent: "short" | "long",
  only: string | undefined,
  say: Say,
): Promise<string> {
  const postgres = await samplePostgres(extents[extent], say);
  const beside = only === "postgres" ? {} : await sampleOthers(extent, say);
  const [flush, scanner] = [flushMicros(), scannerSpeed()];
  return report({ postgres, ...beside, flush, scanner, cores: cpus().length, load: loadavg()[2] ?? 0 });
}

async function sampleOthers(extent: "short" | "long", say: Say): Promise<Pick<Measured, "http" | "ssh">> {
  const { samples: http } = await sampleHttp([httpThroughput], extent, say);
  say("ssh");
  return { http, ssh: await sampleSsh(extent) };
}

function samplePostgres(extent: Extent, say: Say): Promise<Measured["postgres"]> {
  const more = gatewayPeers(["detect", "crowd", "two", "untrailed"]);
  return withPeers([...allPeers, ...more], extent, async (peers) => {
    const samples = await interleave(scenarios, peers, extent, say);
    deriveAdded(samples, peers);
    return samples;
  });
}

const [proxies, pooled] = [
  ["direct", "haproxy", "relay", "pgbouncer-warm"],
  ["rule", "record", "strict", "untrailed"],
];

/** Only what a row asks for: with so many peers every second counts. */
const scenarios: readonly Scenario<Peer>[] = [
  of(latency, [...proxies, "record", "strict", "untrailed"]),
  ...throughput.flatMap((scenario) => {
    if (scenario.name.startsWith("extended")) return [];
    if (scenario.name === "simple, 8 clients") return [of(scenario, ["haproxy", "relay", "record"])];
    return scenario.name.startsWith("simple") ? [] : [of(scenario, [...proxies, ...pooled, "two", "crowd"])];
  }),
  of(bulk, ["direct", "haproxy", "rule", "mask", "detect"]),
  of(idle, ["haproxy", "rule"]),
  ...connect.map((scenario) => of(scenario, ["pgbouncer-cold", "record"])),
];

function of(scenario: Scenario<Peer>, peers: readonly string[]): Scenario<Peer> {
  return { ...scenario, skips: (peer) => !peers.includes(peer.id) || (scenario.skips?.(peer) ?? false) };
}

/** A few hundred bytes at a time into a file whose blocks are there, as the trail's are. */
function flushMicros(): number {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-flush-"));
  const file = openSync(join(folder, "file"), "w");
  try {
    writeSync(file, Buffer.alloc(1 << 20));
    fdatasyncSync(file);
    const entry = Buffer.alloc(300, 1);
    const took = Array.from({ length: 100 }, (_, index) => {
      writeSync(file, entry, 0, entry.length, index * entry.length);
      const began = performance.now();
      fdatasyncSync(file);
      return (performance.now() - began) * 1000;
    });
    return median(took) ?? Number.NaN;
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

/** Rows of text as a table has them, with something to find now and then. The best of many passes. */
function scannerSpeed(): number {
  const row =
    "4711\tsomebody or other\tfixed text of some length\t2026-11-22 10:00:00+00\t0f343b0931126a20f133d67c2b018a3b\n";
  const text = Buffer.from(row.repeat(40) + "jane.doe@example.org\n".repeat(2));
  const scanner = new Scanner(["email", "card"]);
  const passes = 200;
  const found = () => {
    for (let pass = 0; pass < passes; pass++)
      for (let at = 0; scanner.next(text, at, text.length); at = scanner.end);
  };
  const best = Math.min(...Array.from({ length: 40 }, () => threadMicros(found)));
  return (text.length * passes) / best;
}
