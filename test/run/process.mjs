// A program that runs while this process may be busy with another one.
import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** { status, output }. The output goes to a file meanwhile: a pipe that nobody empties would stop the program. */
export async function ran(command, args, options = {}) {
  const folder = mkdtempSync(join(tmpdir(), "postern-run-"));
  const file = join(folder, "output");
  const output = openSync(file, "w");
  const child = spawn(command, args, { ...options, stdio: ["ignore", output, output] });
  closeSync(output);
  const ended = await new Promise((resolve) => {
    child.once("error", (error) => resolve({ status: -1, why: String(error) }));
    child.once("exit", (status) => resolve({ status, why: "" }));
  });
  const text = `${readFileSync(file, "utf8")}${ended.why}`;
  rmSync(folder, { recursive: true, force: true });
  return { status: ended.status, output: text };
}
