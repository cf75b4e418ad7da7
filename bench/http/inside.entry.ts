import { ownBytes } from "../processes.ts";
import { type Inside, type InsideVariant, openInside, requestsOfRun } from "./inside.ts";

/*
 * Measures one variant in a process of its own, so that what one has compiled does not help or hinder another one.
 * Prints JSON: InsideTimes, or with `allocations` behind the variant InsideAllocations.
 */

/** Microseconds of CPU a request: the best of many runs, and that as a multiple of hashing 4 KB. */
export interface InsideTimes {
  readonly cpu: number;
  readonly hashes: number;
}

/** Bytes a request. */
export interface InsideAllocations {
  readonly allocated: number;
}

/** Whoever else wants the CPU makes most of the runs slower and none faster. */
const runs = 80;
const work = new Uint8Array(4096);

if (import.meta.main) {
  const [, , variant, what] = process.argv;
  const inside = await openInside(variant as InsideVariant);
  console.log(JSON.stringify(await (what === "allocations" ? allocations(inside) : times(inside))));
  await inside.close();
  process.exit();
}

async function times(inside: Inside): Promise<InsideTimes> {
  let best = Number.POSITIVE_INFINITY;
  let reference = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    best = Math.min(best, timed(inside.run));
    reference = Math.min(reference, timed(hash));
    await Bun.sleep(1);
  }
  return { cpu: (best / requestsOfRun) * 1000, hashes: best / reference };
}

/** Growth of memory while the collector waits (see `measureInside`): all that was allocated, as none of it is used again. */
async function allocations(inside: Inside): Promise<InsideAllocations> {
  for (let run = 0; run < 4; run++) inside.run();
  const before = ownBytes([process.pid]);
  const measured = 6;
  for (let run = 0; run < measured; run++) inside.run();
  return { allocated: (ownBytes([process.pid]) - before) / measured / requestsOfRun };
}

function hash(): void {
  for (let times = 0; times < requestsOfRun; times++) Bun.SHA256.hash(work);
}

/** Milliseconds. */
function timed(act: () => void): number {
  const began = performance.now();
  act();
  return performance.now() - began;
}
