// Runs one group of tests, or one check, in a process of its own.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../demo/install.mjs";
import { failuresIn } from "./failures.mjs";
import { readJunit } from "./junit.mjs";

const minute = 60_000;
const commands = {
  "type check": ["node_modules/typescript/bin/tsc", "--noEmit"],
  biome: ["node_modules/@biomejs/biome/bin/biome", "check", "."],
};
export const checks = Object.keys(commands);

/**
 * A result: { name, passed, failed, failures: [{ name, said: [line] }], skipped: [name], todo: [name], seconds, output, again }.
 * `failures` tells of as many as `failed` counts. `again` runs it once more, where the outcome may be another then.
 */
export async function check(name) {
  return one(name, await run(process.execPath, commands[name], 5 * minute));
}

/** The guard of what the hot path costs (bench/README.md). A busy neighbour is no slower build: it has another try. */
export async function guard(bun) {
  const args = ["bench/main.ts", "guard"];
  return { ...one("guard", await run(bun, args, 10 * minute)), again: () => guard(bun) };
}

function one(name, { code, output, seconds }) {
  const failures = code === 0 ? [] : [{ name, said: output.trim().split("\n") }];
  const counts = { passed: 1 - failures.length, failed: failures.length, failures, skipped: [], todo: [] };
  return { name, ...counts, seconds, output };
}

export async function runGroup(bun, group, long) {
  const { name, files } = group;
  const folder = mkdtempSync(join(tmpdir(), "postern-tests-"));
  const junit = join(folder, "junit.xml");
  const args = [
    "test",
    "--timeout",
    long ? "600000" : "60000",
    "--reporter=junit",
    "--reporter-outfile",
    junit,
  ];
  const environment = { NO_COLOR: "1", ...(long ? { POSTERN_LONG: "1" } : {}) };
  try {
    const limit = (long ? 120 : 12) * minute;
    const ran = await run(bun, [...args, ...files.map((file) => `./${file}`)], limit, environment);
    const counts = readJunit(text(junit));
    // What throws outside a test is in no report: a file that does not load, a process that dies.
    const outside = Number(/^ (\d+) errors?$/m.exec(ran.output)?.[1] ?? 0);
    const { failures, rest } = failuresIn(ran.output);
    const unexplained = ran.code !== 0 && counts.failed + outside === 0 ? 1 : 0;
    if (unexplained > 0) failures.push({ name: `${name}: ended with ${ran.code}`, said: rest });
    const failed = counts.failed + outside + unexplained;
    return { ...ran, name, ...counts, failed, failures, again: () => runGroup(bun, group, long) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whatever it started ends with it: its process group, and who left that but bears its mark. */
function run(command, args, limit, environment = {}) {
  const started = Date.now();
  const mark = `POSTERN_TEST_GROUP=${randomUUID()}`;
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...environment, POSTERN_TEST_GROUP: mark.split("=")[1] },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  const keep = (chunk) => {
    output += chunk;
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const endGroup = () => {
    for (const pid of [-child.pid, ...marked(mark)]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  };
  const timer = setTimeout(() => {
    output += `\nStopped after ${limit / minute} minutes.\n`;
    endGroup();
  }, limit);
  process.on("exit", endGroup);
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: -1, output: String(error), seconds: 0 }));
    child.once("exit", () => {
      endGroup();
      // A grandchild that left the group may still hold the pipes; nobody waits for it.
      setTimeout(() => child.stdout.destroy() && child.stderr.destroy(), 2000).unref();
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      process.off("exit", endGroup);
      resolve({ code, output, seconds: (Date.now() - started) / 1000 });
    });
  });
}

/** Processes, a gateway in a group of its own for one, whose environment says that this run started them. */
function marked(mark) {
  if (process.platform !== "linux") return [];
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => text(`/proc/${pid}/environ`).split("\0").includes(mark)).map(Number);
}

function text(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
