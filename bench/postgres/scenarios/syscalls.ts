import type { Scenario } from "../../scenario.ts";
import { traced } from "../../strace.ts";
import type { Peer } from "../peers/peer.ts";
import { load } from "../pgbench.ts";
import { warmUp } from "../warm.ts";

const writing = /^(write|writev|pwrite64|send|sendto|sendmsg)$/;

/** System calls for one short prepared select, with one client, so that no two share a call. */
export const syscalls: Scenario<Peer> = {
  name: "system calls",
  once: true,
  figures: [
    { id: "syscalls", title: "system calls a query", unit: "", better: "less", to: "haproxy" },
    { id: "writes", title: "of them writes", unit: "", better: "less", to: "haproxy" },
  ],
  warm: warmUp.prepared,
  skips: (peer) => peer.carries.length === 0,
  async run(peer, { traced: transactions }) {
    const calls = [
      ...(await traced(peer.carries, () => load(peer, { mode: "prepared", clients: 1, transactions }))),
    ];
    const count = (counted: typeof calls) =>
      counted.reduce((sum, [, times]) => sum + times, 0) / transactions;
    return { syscalls: count(calls), writes: count(calls.filter(([name]) => writing.test(name))) };
  },
};
