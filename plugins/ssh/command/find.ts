import { type Argument, untold } from "./argument.ts";
import { targetPath } from "./path.ts";
import { runProgram } from "./program.ts";
import type { Reading } from "./reading.ts";

const runs = /^-(exec|execdir|ok|okdir)$/;
const writes = /^-(fprint|fprint0|fprintf|fls)$/;

/** find: what it runs (`{}` is any path), deletes and writes. GNU find knows no abbreviations. */
export function findRuns(args: readonly Argument[], reading: Reading): void {
  for (let at = 0; at < args.length; at++) {
    const { text, pattern } = args[at] ?? untold;
    if (text === undefined || (pattern && text.startsWith("-")))
      reading.unknown("find: a word that is not told by the text may be -exec");
    else if (text === "-delete") reading.add({ effect: "delete", on: "*" });
    else if (text === "-files0-from") reading.unknown("find -files0-from");
    else if (writes.test(text)) reading.add({ effect: "write", on: targetPath(args[at + 1] ?? untold) });
    else if (runs.test(text)) {
      const command = args.slice(at + 1);
      const length = command.findIndex(
        (one, index) => one.text === ";" || (one.text === "+" && command[index - 1]?.text === "{}"),
      );
      if (length < 1) return reading.unknown(`find ${text} without an end`);
      const inner = command.slice(0, length).map((one) => (one.text?.includes("{}") ? untold : one));
      reading.within(() => runProgram(inner, reading));
      at += length + 1;
    }
  }
}
