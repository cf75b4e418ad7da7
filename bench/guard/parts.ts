import type { Figure, Samples } from "../figure.ts";
import { sampleHttp } from "../http/index.ts";
import { inside as insideHttp } from "../http/measure-inside.ts";
import { calls as httpCalls, throughput as httpThroughput } from "../http/scenarios.ts";
import { interleave } from "../interleave.ts";
import { guardedPeers, guarded as guardedPostgres, withPeers } from "../postgres/index.ts";
import { bulkVariants, insideBulk } from "../postgres/scenarios/inside-bulk.ts";
import { figuresOf } from "../report/report.ts";
import { type Extent, extents } from "../scenario.ts";
import { sampleSsh } from "../ssh/index.ts";
import { keyCalls, keys, scp } from "../ssh/scenarios.ts";

type Say = (doing: string) => void;

/** What is guarded of one protocol, or of one kind of work. */
export interface Part {
  readonly name: "postgres" | "bulk" | "http" | "ssh";
  /** All that a baseline stands for. */
  readonly figures: readonly Figure[];
  /** Whose figures stand in it. */
  readonly peers: readonly string[];
  measure(say: Say): Promise<Samples>;
}

const extent: Extent = extents.guard;

/** Only ratios and counts say the same on any machine, and only these stay on a busy one. */
const steady = new Set([
  ...[
    "inside.simple",
    "inside.prepared",
    "inside.allocated",
    "cpu.simple",
    "cpu.prepared",
    "syscalls",
    "writes",
  ],
  ...["bulk.inside", "bulk.scanner"],
  ...["http.inside", "http.allocated", "http.cpu", "http.calls"],
  ...["ssh.scp.cpu", "ssh.key.cpu", "ssh.key.calls"],
]);

const steadyOf = (scenarios: readonly { readonly figures: readonly Figure[] }[]) =>
  figuresOf(scenarios).filter(({ id }) => steady.has(id));

const http = [httpThroughput, httpCalls].map((scenario) => ({ ...scenario, of: ["haproxy", "record"] }));
const ssh = [scp, keys, keyCalls].map((scenario) => ({ ...scenario, of: ["direct", "postern"] }));
/** What is measured in a process of its own has none that goes on working. */
const alone = (id: string) => ({ id, processes: [] });

export const parts: readonly Part[] = [
  {
    name: "postgres",
    figures: steadyOf(guardedPostgres),
    peers: ["bare", "record"],
    measure: (say) =>
      withPeers(guardedPeers, extent, (peers) => interleave(guardedPostgres, peers, extent, say)),
  },
  {
    name: "bulk",
    figures: steadyOf([insideBulk]),
    peers: bulkVariants,
    measure: (say) => interleave([insideBulk], bulkVariants.map(alone), extent, say),
  },
  {
    name: "http",
    figures: steadyOf([...http, insideHttp]),
    peers: ["record"],
    async measure(say) {
      const samples = await sampleHttp(http, extent, say);
      return samples.with(await interleave([insideHttp], [alone("record")], extent, say));
    },
  },
  {
    name: "ssh",
    figures: steadyOf(ssh),
    peers: ["postern"],
    measure: (say) => sampleSsh(ssh, extent, say),
  },
];
