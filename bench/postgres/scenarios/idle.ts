import type { Wire } from "../../../core/plugin.ts";
import { ownBytes } from "../../processes.ts";
import type { Scenario } from "../../scenario.ts";
import { openSession } from "../client.ts";
import type { Peer } from "../peers/peer.ts";

/** Milliseconds in which what a login has left behind is collected. */
const rest = 2_000;
/** Logins under way at a time. */
const abreast = 20;

/**
 * Memory of a session that says nothing: in clear, and beside those over TLS. As many are open before: a worker that few have
 * used has code, caches and a heap that are still to grow, whoever comes.
 */
export const idle: Scenario<Peer> = {
  name: "idle connections",
  once: true,
  figures: [
    { id: "idle", title: "memory an idle connection", unit: "KB", better: "less", to: "haproxy" },
    { id: "idle.tls", title: "the same, TLS", unit: "KB", better: "less", to: "haproxy" },
  ],
  skips: (peer) => peer.carries.length === 0,
  async run(peer, { connections }) {
    const open: Wire[] = [];
    const more = async (tls: boolean) => {
      const before = ownBytes(peer.carries);
      for (let count = 0; count < connections; count += abreast)
        open.push(...(await Promise.all(Array.from({ length: abreast }, () => openSession(peer, tls)))));
      await Bun.sleep(rest);
      return (ownBytes(peer.carries) - before) / 1024 / connections;
    };
    await more(false);
    const readings = { idle: await more(false), "idle.tls": await more(true) };
    for (const wire of open) wire.end();
    return readings;
  },
};
