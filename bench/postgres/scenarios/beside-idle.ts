import { readFileSync } from "node:fs";
import type { Wire } from "../../../core/plugin.ts";
import { atRest } from "../../processes.ts";
import type { Scenario } from "../../scenario.ts";
import { openSession } from "../client.ts";
import type { Peer } from "../peers/peer.ts";
import { during, load } from "../pgbench.ts";
import { hasQuietServer, withQuietServer } from "../quiet-server.ts";
import { warmUp } from "../warm.ts";

/** Logins under way at a time. */
const abreast = 20;
/** It is run once, and so that much longer. */
const longer = 3;
/** Files of a process that are something else than a session's two sockets. */
const others = 300;

/** What the active ones lose where ten thousand sessions say nothing: their rate to the mean of that before and after. */
export const besideIdle: Scenario<Peer> = {
  name: "beside idle sessions",
  once: true,
  figures: [
    { id: "beside", title: "8 clients beside idle sessions", unit: "× without", better: "more" },
    { id: "beside.sessions", title: "idle sessions", unit: "", better: "more" },
  ],
  skips: (peer) => !hasQuietServer(peer),
  warm: warmUp.prepared,
  run: (peer, extent) =>
    withQuietServer(peer, async (quiet) => {
      const length = during({ ...extent, seconds: longer * extent.seconds });
      const rate = async () => {
        await atRest(peer.processes);
        return (await load(peer, { mode: "prepared", clients: 8, ...length })).rate;
      };
      const open: Wire[] = [];
      try {
        const before = await rate();
        const count = Math.min(extent.sessions, Math.floor((filesOf(peer) - others) / 2));
        while (open.length < count) {
          const more = Array.from({ length: Math.min(abreast, count - open.length) });
          open.push(...(await Promise.all(more.map(() => openSession(quiet)))));
        }
        const among = await rate();
        for (const wire of open.splice(0)) wire.end();
        return { beside: among / ((before + (await rate())) / 2), "beside.sessions": count };
      } finally {
        for (const wire of open) wire.end();
      }
    }),
};

/** How many files the process that carries it may have open, at least. */
function filesOf({ carries }: Peer): number {
  const limits = carries.map((pid) => readFileSync(`/proc/${pid}/limits`, "utf8"));
  return Math.min(...limits.map((text) => Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? 1024)));
}
