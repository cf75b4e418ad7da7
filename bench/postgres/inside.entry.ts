import { record } from "../../plugins/index.ts";
import { ownBytes } from "../processes.ts";
import { between } from "./between.ts";
import { answer, preparation, requests } from "./messages.ts";
import type { Mode } from "./pgbench.ts";

/*
 * `bun inside.entry.ts MODE [record]`: bytes that a short select allocates between the sockets, as growth of memory while the
 * collector has no reason to run (BUN_JSC_largeHeapSize). A process of its own, so that nothing else grows in it.
 */

const queries = 2000;
const warming = 10;
const runs = 10;

const [, , mode = "prepared", guardrail] = process.argv;
const { settled, close } = await between(guardrail === "record" ? [record()] : []);
const { caller, server } = await settled();
for (const [from, bytes] of preparation(mode as Mode)) (from === "caller" ? caller : server).arrive(bytes);
const answered = answer(mode as Mode);
const asked = requests(mode as Mode, queries, 0);
const run = () => {
  for (const bytes of asked) {
    caller.arrive(bytes);
    server.arrive(answered);
  }
};
for (let time = 0; time < warming; time++) run();
const before = ownBytes([process.pid]);
for (let time = 0; time < runs; time++) run();
console.log((ownBytes([process.pid]) - before) / runs / queries);
await close();
process.exit();
