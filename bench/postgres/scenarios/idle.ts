import { ownBytes } from "../../processes.ts";
import type { Scenario } from "../../scenario.ts";
import { openSession } from "../client.ts";
import type { Peer } from "../peers/peer.ts";

/** Logins under way at a time. */
const abreast = 20;

/** Memory of a session that says nothing. */
export const idle: Scenario<Peer> = {
  name: "idle connections",
  once: true,
  figures: [{ id: "idle", title: "memory an idle connection", unit: "KB", better: "less", to: "haproxy" }],
  skips: (peer) => peer.carries.length === 0,
  async run(peer, { connections }) {
    const before = ownBytes(peer.carries);
    const open = [];
    while (open.length < connections) {
      open.push(...(await Promise.all(Array.from({ length: abreast }, () => openSession(peer)))));
    }
    const grown = ownBytes(peer.carries) - before;
    for (const wire of open) wire.end();
    return { idle: grown / 1024 / connections };
  },
};
