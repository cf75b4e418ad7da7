import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Guardrail } from "../../core/guardrail.ts";
import { Holds } from "../../core/holds.ts";
import { gateway, group } from "../../core/index.ts";
import { Session } from "../../core/session.ts";
import { SessionGate } from "../../core/session-gate.ts";
import { openTrail } from "../../core/trail/open.ts";
import type { Trail } from "../../core/trail/trail.ts";
import { local, postgres } from "../../plugins/index.ts";
import { MemoryWire, memoryRelay } from "../../plugins/postgres/relay/testing/memory.ts";
import { loadParser } from "../../plugins/postgres/sql/index.ts";
import { alone } from "../alone.ts";
import { answer, preparation, requests } from "./messages.ts";
import type { Mode } from "./pgbench.ts";

/** The best of many short runs: whoever else wants the CPU makes most of them slower and none faster. */
const runs = 40;
const queries = 1000;
/** Hashed as often as it takes a comparable time; what the machine is worth, in the same breath. */
const work = new Uint8Array(4096);

/** What PostgreSQL can show a guardrail. */
type Guard = Guardrail<"operation" | "rows" | "text" | "wire" | "deadline">;

/** A wire that takes everything and keeps nothing. */
class Sink extends MemoryWire {
  override write(): boolean {
    return true;
  }
}

/**
 * What a short select costs between the sockets: relay, classifier, gate, guardrails and a real trail, without
 * the kernel's share. As a multiple of hashing 4 KB, so that it means the same on any machine.
 */
export async function inside(mode: Mode, under: readonly Guard[]): Promise<number> {
  await loadParser();
  const dataDir = mkdtempSync(join(tmpdir(), "postern-inside-"));
  const onFault = (error: Error) => {
    throw error;
  };
  const trail = await openTrail({ dataDir, stream: "inside", role: "worker", strict: false, onFault });
  const caller = new Sink();
  const server = new Sink();
  memoryRelay(caller, server, gateOf(trail, under));
  // The recording's first segment is being made.
  await Bun.sleep(500);
  for (const [from, bytes] of preparation(mode)) (from === "caller" ? caller : server).arrive(bytes);
  const answered = answer(mode);
  let best = Number.POSITIVE_INFINITY;
  let reference = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const asked = requests(mode, queries, run * queries);
    best = Math.min(
      best,
      timed(() => {
        for (const bytes of asked) {
          caller.arrive(bytes);
          server.arrive(answered);
        }
      }),
    );
    reference = Math.min(
      reference,
      timed(() => {
        for (let times = 0; times < queries; times++) Bun.SHA256.hash(work);
      }),
    );
    await Bun.sleep(5);
  }
  await trail.close();
  rmSync(dataDir, { recursive: true });
  return best / reference;
}

function timed(act: () => void): number {
  const began = performance.now();
  act();
  return performance.now() - began;
}

function gateOf(trail: Trail, under: readonly Guard[]): SessionGate {
  const policy = gateway({
    listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
    identity: [local()],
    resources: { bench: postgres({ host: "127.0.0.1", database: "bench" }) },
    rules: [{ name: "bench", who: group("bench"), on: "bench", may: ["read", "write"], under }],
  });
  const identity = { issuer: "bench", subject: "bench", kind: "person", groups: ["bench"] } as const;
  const start = { id: "ses_bench", identity, resource: "bench", protocol: "postgres", remote: "bench" };
  const session = new Session(start, policy, [], trail, new Map());
  session.open(undefined);
  return new SessionGate(session, {
    holds: new Holds(trail, alone),
    allowed: { value: 0 },
    denied: { value: 0 },
    guardrailLimit: 5000,
    reached() {},
    failed(guardrail, error) {
      throw new Error(`${guardrail} failed: ${error}`);
    },
  });
}
