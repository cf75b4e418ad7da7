import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { cpuSeconds } from "./processes.ts";
import { Turns } from "./turns.ts";

const spawned: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const child of spawned.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
});

function peer(id: string) {
  const child = Bun.spawn(["sleep", "60"]);
  spawned.push(child);
  return { id, processes: [child.pid] };
}

/** Of a signal that was sent the state shows a moment later. */
async function stopped({ processes }: { readonly processes: readonly number[] }): Promise<boolean> {
  await Bun.sleep(20);
  return processes.every((pid) => /\) T /.test(readFileSync(`/proc/${pid}/stat`, "utf8")));
}

test("whose turn it is works, all others are stopped, and at the end none is", async () => {
  const [one, other] = [peer("one"), peer("other")];
  const turns = new Turns([one, other]);
  expect([await stopped(one), await stopped(other)]).toEqual([true, true]);
  await turns.take(one, async () =>
    expect([await stopped(one), await stopped(other)]).toEqual([false, true]),
  );
  expect(await stopped(one)).toBe(true);
  const failing = turns.take(other, () => Promise.reject(new Error("failed")));
  await expect(failing).rejects.toThrow("failed");
  expect(await stopped(other)).toBe(true);
  turns.end();
  expect([await stopped(one), await stopped(other)]).toEqual([false, false]);
});

test("a peer that has lost a process is not measured", async () => {
  const one = peer("one");
  const turns = new Turns([one]);
  spawned[0]?.kill("SIGKILL");
  await spawned[0]?.exited;
  await expect(turns.take(one, async () => {})).rejects.toThrow("one has lost a process.");
  turns.end();
});

test("the CPU of a process is counted finer than by the kernel's ticks", () => {
  const [before, own] = [cpuSeconds([process.pid]), process.cpuUsage()];
  for (const until = performance.now() + 3; performance.now() < until; );
  const used = cpuSeconds([process.pid]) - before;
  const { user, system } = process.cpuUsage(own);
  expect(used).toBeGreaterThan(0);
  // Ticks are of 10 ms.
  expect(Math.abs(used - (user + system) / 1e6)).toBeLessThan(0.03);
  expect(cpuSeconds([2 ** 22 + 1])).toBe(0);
});
