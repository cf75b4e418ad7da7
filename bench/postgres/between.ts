import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Guardrail } from "../../core/guardrail.ts";
import { Holds } from "../../core/holds.ts";
import { gateway, group } from "../../core/index.ts";
import type { Policy } from "../../core/policy.ts";
import { Session } from "../../core/session.ts";
import { SessionGate } from "../../core/session-gate.ts";
import { openTrail } from "../../core/trail/open.ts";
import type { Trail } from "../../core/trail/trail.ts";
import { local, postgres } from "../../plugins/index.ts";
import { MemoryWire, memoryRelay } from "../../plugins/postgres/relay/testing/memory.ts";
import { loadParser } from "../../plugins/postgres/sql/index.ts";
import { alone } from "../alone.ts";
import { tableOf } from "../growth/rows.ts";

/** What PostgreSQL can show a guardrail. */
export type Guard = Guardrail<"operation" | "rows" | "text" | "wire" | "deadline">;

/** A wire that takes everything and keeps nothing. */
class Sink extends MemoryWire {
  /** Bytes that it took. */
  taken = 0;

  override write(bytes: Uint8Array): boolean {
    this.taken += bytes.length;
    return true;
  }
}

/** A session's two ends; what arrives at one goes through the gateway to nowhere. */
export interface Ends {
  readonly caller: Sink;
  readonly server: Sink;
}

/** Milliseconds until the first segment of a session's recording has been made. */
const settling = 500;

/** Sessions between sockets that do not exist: relay, classifier, gate, guardrails and a real trail. */
export interface Between {
  session(): Ends;
  /** One more, once what it is recorded in is there. */
  settled(): Promise<Ends>;
  close(): Promise<void>;
}

/** `others`: rules, each with a resource of its own, that have nothing to do with the session. */
export async function between(under: readonly Guard[], others = 0): Promise<Between> {
  await loadParser();
  const dataDir = mkdtempSync(join(tmpdir(), "postern-inside-"));
  const onFault = (error: Error) => {
    throw error;
  };
  const trail = await openTrail({ dataDir, stream: "inside", role: "worker", strict: false, onFault });
  const policy = policyOf(under, others);
  let sessions = 0;
  const session = () => {
    const ends = { caller: new Sink(), server: new Sink() };
    memoryRelay(ends.caller, ends.server, gateOf(policy, trail, `ses_bench${++sessions}`), {}, tableOf);
    return ends;
  };
  return {
    session,
    async settled() {
      const ends = session();
      await Bun.sleep(settling);
      return ends;
    },
    async close() {
      await trail.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

function policyOf(under: readonly Guard[], others: number): Policy {
  const names = Array.from({ length: others }, (_, index) => `other-${index}`);
  const database = (name: string) => [name, postgres({ host: "127.0.0.1", database: name })] as const;
  return gateway({
    listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
    identity: [local()],
    resources: Object.fromEntries(["bench", ...names].map(database)),
    rules: [
      ...names.map((name) => ({ name, who: group(name), on: name, may: ["read" as const] })),
      { name: "bench", who: group("bench"), on: "bench", may: ["read", "write"], under },
    ],
  });
}

function gateOf(policy: Policy, trail: Trail, id: string): SessionGate {
  const identity = { issuer: "bench", subject: "bench", kind: "person", groups: ["bench"] } as const;
  const start = { id, identity, resource: "bench", protocol: "postgres", remote: "bench" };
  const session = new Session(start, policy, [], trail, new Map());
  session.open(undefined);
  return new SessionGate(session, {
    holds: new Holds(trail, alone),
    allowed: { value: 0 },
    denied: { value: 0 },
    reached() {},
    failed(_session, guardrail, error) {
      throw new Error(`${guardrail} failed: ${error}`);
    },
  });
}
