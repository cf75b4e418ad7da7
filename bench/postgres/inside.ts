import { threadMicros } from "../growth/timed.ts";
import { between, type Guard } from "./between.ts";
import { answer, preparation, requests } from "./messages.ts";
import type { Mode } from "./pgbench.ts";

/** The best of many short runs: whoever else wants the CPU makes most of them slower and none faster. */
const runs = 40;
const queries = 1000;
/** Hashed as often as it takes a comparable time; what the machine is worth, in the same breath. */
const work = new Uint8Array(4096);

/**
 * What a short select costs between the sockets: relay, classifier, gate, guardrails and a real trail, without
 * the kernel's share. As a multiple of hashing 4 KB, so that it means the same on any machine.
 */
export async function inside(mode: Mode, under: readonly Guard[]): Promise<number> {
  const { settled, close } = await between(under);
  const { caller, server } = await settled();
  for (const [from, bytes] of preparation(mode)) (from === "caller" ? caller : server).arrive(bytes);
  const answered = answer(mode);
  let best = Number.POSITIVE_INFINITY;
  let reference = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const asked = requests(mode, queries, run * queries);
    best = Math.min(
      best,
      threadMicros(() => {
        for (const bytes of asked) {
          caller.arrive(bytes);
          server.arrive(answered);
        }
      }),
    );
    reference = Math.min(
      reference,
      threadMicros(() => {
        for (let times = 0; times < queries; times++) Bun.SHA256.hash(work);
      }),
    );
    await Bun.sleep(5);
  }
  await close();
  return best / reference;
}
