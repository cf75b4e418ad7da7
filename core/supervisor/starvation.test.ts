import { afterEach, expect } from "bun:test";
import { needs, testWith } from "../../test/needs.ts";
import { Starvation } from "./starvation.ts";
import { cannotCrowd, crowd } from "./testing/crowded.ts";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

function run(script: string): number {
  const child = Bun.spawn(["sh", "-c", script], { stdin: "ignore", stdout: "ignore" });
  opened.push(() => child.kill("SIGKILL"));
  return child.pid;
}

/** What `share` says of each of so many spans of time. */
async function shares(pid: number, spans: number): Promise<number[]> {
  const starvation = new Starvation(pid);
  const all: number[] = [];
  for (let span = 0; span < spans; span++) {
    await Bun.sleep(100);
    all.push(starvation.share());
  }
  return all;
}

testWith(needs.proc)("what sleeps or is stopped does not wait for a processor", async () => {
  const sleeping = run("exec sleep 1000");
  expect((await shares(sleeping, 3)).slice(1)).toEqual([0, 0]);
  const stopped = run("while :; do :; done");
  process.kill(stopped, "SIGSTOP");
  expect((await shares(stopped, 3)).slice(1)).toEqual([0, 0]);
});

testWith(needs.proc, cannotCrowd)(
  "what finds no processor waits, also where the wait does not end",
  async () => {
    const looping = run("while :; do :; done");
    opened.push(crowd(looping));
    const waits = (await shares(looping, 10)).slice(1).filter((share) => share > 0.5);
    expect(waits.length).toBeGreaterThan(5);
  },
);

testWith()("where the kernel tells nothing nobody is starved", async () => {
  expect(await shares(2 ** 30, 2)).toEqual([0, 0]);
});
