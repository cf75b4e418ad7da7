import { ownBytes } from "../processes.ts";
import { type Inside, type InsideVariant, openInside, requestsOfRun } from "./inside.ts";

/*
 * Measures one variant in a process of its own, so that what one has compiled does not help or hinder another one.
 * Prints JSON: InsideTimes, or with `allocations` behind the variant InsideAllocations.
 */

/** Microseconds of CPU a request, and that as a multiple of hashing 4 KB in the same breath. */
export interface InsideTimes {
  readonly cpu: number;
  readonly hashes: number;
}

/** Bytes a request. */
export interface InsideAllocations {
  readonly allocated: number;
}

const warming = 15;
/** Enough that it does not matter that the kernel counts in steps of some milliseconds. */
const runs = 40;
/** Until what is recorded keeps up with one run. */
const tries = 20;
const work = new Uint8Array(4096);

if (import.meta.main) {
  const [, , variant, what] = process.argv;
  const inside = await openInside(variant as InsideVariant);
  console.log(JSON.stringify(await (what === "allocations" ? allocations(inside) : times(inside))));
  await inside.close();
  process.exit();
}

async function times(inside: Inside): Promise<InsideTimes> {
  // Code is compiled before anything is measured.
  for (let run = 0; run < warming; run++) await whole(inside);
  let all = 0;
  let reference = 0;
  for (let run = 0; run < runs; run++) {
    all += await whole(inside);
    reference += timed(hash);
    await Bun.sleep(1);
  }
  return { cpu: (all / runs / requestsOfRun) * 1000, hashes: all / reference };
}

/** Growth of memory while the collector waits (`roomy`): all that was allocated, as none of it is used again. */
async function allocations(inside: Inside): Promise<InsideAllocations> {
  for (let run = 0; run < 4; run++) await whole(inside);
  const before = ownBytes([process.pid]);
  const measured = 6;
  for (let run = 0; run < measured; run++) await whole(inside);
  return { allocated: (ownBytes([process.pid]) - before) / measured / requestsOfRun };
}

/** Milliseconds of CPU of a run in which all of it passed. Throws where none does. */
async function whole({ run, settled }: Inside): Promise<number> {
  for (let time = 0; time < tries; time++) {
    let passed = false;
    const took = timed(() => {
      passed = run();
    });
    if (passed) return took;
    await settled();
  }
  throw new Error("The disk is too busy: no run passes as a whole.");
}

function hash(): void {
  for (let times = 0; times < requestsOfRun; times++) Bun.SHA256.hash(work);
}

/** Milliseconds of CPU of this thread, which do not pass while others have it. */
function timed(act: () => void): number {
  const before = process.threadCpuUsage();
  act();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
