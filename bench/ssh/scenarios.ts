import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { median } from "../figure.ts";
import { cpuSeconds, cpuSecondsEver } from "../processes.ts";
import type { Extent, Scenario, Warm } from "../scenario.ts";
import { canTrace, traced } from "../strace.ts";
import { finished, openTerminal, timed } from "./client.ts";
import { atWork, type SshPeer } from "./peers.ts";

/** Keys, and megabytes, that go ahead of those that are measured. */
const runIn = { keys: 30, megabytes: 8 };
/** Keys, and megabytes, that go through an engine for each thousand queries of the extent's. */
const asMuch = { keys: 50, megabytes: 8 };

export const scp: Scenario<SshPeer> = {
  name: "scp",
  figures: [
    { id: "ssh.scp", title: "scp", unit: "MB/s", better: "more", to: "direct" },
    { id: "ssh.scp.cpu", title: "CPU a GB, scp", unit: "s", better: "less", noise: 1, to: "direct" },
  ],
  warm: warmed(async (peer, thousands) => {
    if (thousands > 0) await copy(peer, thousands * asMuch.megabytes);
  }),
  async run(peer, { megabytes, seconds: load }) {
    if (load > 0) {
      await copy(peer, runIn.megabytes);
      await reaped(peer);
    }
    const before = cpuSecondsEver(peer.carries);
    const seconds = await copy(peer, megabytes);
    await reaped(peer);
    const used = cpuSecondsEver(peer.carries) - before;
    return { "ssh.scp": megabytes / seconds, "ssh.scp.cpu": used / (megabytes / 1000) };
  },
};

/** A key, and then nothing until its echo is there. */
export const keys: Scenario<SshPeer> = {
  name: "keys",
  figures: [
    { id: "ssh.key", title: "key to its echo", unit: "ms", better: "less", to: "direct" },
    { id: "ssh.key.p99", title: "the same, p99", unit: "ms", better: "less", to: "direct" },
    { id: "ssh.key.cpu", title: "CPU a key", unit: "µs", better: "less", noise: 1, to: "direct" },
  ],
  warm: warmed(async (peer, thousands) => {
    await typed(peer, thousands * asMuch.keys);
  }),
  async run(peer, extent) {
    const { times, cpu } = await typed(peer, extent.keys);
    const sorted = times.toSorted((one, other) => one - other);
    const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
    return { "ssh.key": median(times) ?? Number.NaN, "ssh.key.p99": p99, "ssh.key.cpu": cpu };
  },
};

/** System calls for a key and its echo; of an sshd they are spread over processes of each session. */
export const keyCalls: Scenario<SshPeer> = {
  name: "system calls a key",
  once: true,
  figures: [{ id: "ssh.key.calls", title: "system calls a key", unit: "", better: "less" }],
  skips: ({ id }) => !canTrace || id !== "postern",
  async run(peer, extent) {
    const terminal = await openTerminal(peer);
    const calls = await traced(peer.carries, async () => {
      for (let key = 0; key < extent.keys; key++) await terminal.key();
    });
    await terminal.close();
    return { "ssh.key.calls": [...calls.values()].reduce((sum, times) => sum + times, 0) / extent.keys };
  },
};

/** A connection and a command, and more commands over one that stays open. */
export const commands: Scenario<SshPeer> = {
  name: "commands",
  figures: [
    { id: "ssh.connect", title: "connection and command", unit: "ms", better: "less", to: "direct" },
    { id: "ssh.command", title: "command on an open connection", unit: "ms", better: "less", to: "direct" },
  ],
  async run(peer, extent) {
    const connection = await timed(peer, ["true"]);
    const control = join(peer.folder, `control-${peer.id}`);
    const path = ["-o", `ControlPath=${control}`];
    const master = [...path, "-o", "ControlMaster=auto", "-o", "ControlPersist=60"];
    await timed(peer, ["true"], master);
    const all: number[] = [];
    for (let time = 0; time < Math.max(1, extent.keys / 20); time++)
      all.push(await timed(peer, ["true"], master));
    await timed(peer, [], [...path, "-O", "exit"]);
    return { "ssh.connect": connection, "ssh.command": median(all) ?? Number.NaN };
  },
};

/** An sshd counts what its children took once it has seen their end, and scp does not wait for that. */
async function reaped(peer: SshPeer): Promise<void> {
  const until = performance.now() + 2000;
  while (atWork(peer).length > peer.carries.length && performance.now() < until) await Bun.sleep(10);
}

function warmed(act: (peer: SshPeer, thousands: number) => Promise<void>): Warm<SshPeer> {
  return async (peer: SshPeer, { warm }: Extent) => {
    if (peer.compiles) await act(peer, warm);
  };
}

async function typed(
  peer: SshPeer,
  count: number,
): Promise<{ readonly times: number[]; readonly cpu: number }> {
  const terminal = await openTerminal(peer);
  const pids = atWork(peer);
  for (let key = 0; key < Math.min(runIn.keys, count); key++) await terminal.key();
  const before = cpuSeconds(pids);
  const times: number[] = [];
  while (times.length < count) times.push(await terminal.key());
  const cpu = ((cpuSeconds(pids) - before) * 1e6) / count;
  await terminal.close();
  return { times, cpu };
}

/** Seconds that scp takes, its connection included. */
async function copy({ folder, options, target }: SshPeer, megabytes: number): Promise<number> {
  const file = join(folder, `file-${megabytes}`);
  if (!existsSync(file)) writeFileSync(file, Buffer.alloc(megabytes << 20, "postern bench "));
  const began = performance.now();
  await finished(["scp", "-q", ...options, file, `${target}:copied`]);
  return (performance.now() - began) / 1000;
}
