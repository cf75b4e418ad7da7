import { Scanner } from "../../plugins/mask/detect/scanner.ts";
import { threadMicros } from "../growth/timed.ts";
import { scanned } from "../postgres/scenarios/inside-bulk.ts";

/*
 * `bun scanner.entry.ts`: megabytes a second that the detectors look through, as JSON; the best of some passes each, for
 * whoever else wants the CPU makes most of them slower and none faster. A process of its own: at the end of a run in
 * the bench's own it is slower by a quarter.
 */

const [rounds, passes] = [5, 40];
const text = scanned();
const scanner = new Scanner(["email", "card"]);
const look = () => {
  for (let at = 0; scanner.next(text, at, text.length); at = scanner.end);
};
const pass = () => text.length / Math.min(...Array.from({ length: passes }, () => threadMicros(look)));
console.log(JSON.stringify(Array.from({ length: rounds + 1 }, pass).slice(1)));
process.exit();
