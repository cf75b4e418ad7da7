import { median } from "../../figure.ts";
import { cpuSeconds } from "../../processes.ts";
import type { Scenario } from "../../scenario.ts";
import { openSession } from "../client.ts";
import type { Peer } from "../peers/peer.ts";
import { hasQuietServer, withQuietServer } from "../quiet-server.ts";
import { warmLogins } from "../warm.ts";

/** Pairs for each second of the extent's, and those before. */
const pairs = { aSecond: 100, runIn: 30 };
/** Milliseconds in which a session's end has been worked off. */
const settling = 3;

/**
 * What TLS adds to a connection: one in clear and one over TLS in turn, each with its own CPU, for the difference of two
 * large figures is lost when they are taken a second apart. Of each the median: a full collection comes with one in 128
 * sessions, and costs as much as fifteen.
 */
export const tlsSetup: Scenario<Peer> = {
  name: "TLS set-up",
  figures: [{ id: "tls.setup", title: "CPU of TLS, a connection", unit: "µs", better: "less" }],
  skips: (peer) => !hasQuietServer(peer),
  warm: warmLogins(true),
  run: (peer, { seconds }) =>
    withQuietServer(peer, async (quiet) => {
      for (let pair = 0; seconds > 0 && pair < pairs.runIn; pair++) {
        await opened(quiet, false);
        await opened(quiet, true);
      }
      const [clear, tls]: [number[], number[]] = [[], []];
      do {
        clear.push(await opened(quiet, false));
        tls.push(await opened(quiet, true));
      } while (tls.length < seconds * pairs.aSecond);
      return { "tls.setup": (median(tls) ?? Number.NaN) - (median(clear) ?? Number.NaN) };
    }),
};

/** Microseconds of the peer's CPU for a session that is opened and ended. */
async function opened(peer: Peer, tls: boolean): Promise<number> {
  const before = cpuSeconds(peer.carries);
  const wire = await openSession(peer, tls);
  wire.end();
  await Bun.sleep(settling);
  return (cpuSeconds(peer.carries) - before) * 1e6;
}
