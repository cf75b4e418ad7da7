import type { SocketBindInfo, TcpipBindInfo } from "ssh2";
import type { Link, Reason } from "../../../core/plugin.ts";
import { callerOf, type ForwardRequest } from "../caller.ts";
import type { SshConfig } from "../config.ts";
import { hostOf } from "../host.ts";
import { agentAsker } from "./agent.ts";
import { Carriage, hostGone } from "./carriage.ts";
import { forwardTcp, forwardUnix } from "./forward.ts";
import { watchIdle } from "./idle.ts";
import { Listening } from "./listening.ts";
import { SessionChannel } from "./session.ts";
import { Statements } from "./statements.ts";
import { refuseForward } from "./unsupported.ts";

/** Channels of one connection that may be open at once: sessions, forwards and what comes by a listener. */
const mostChannels = 100;
/** Milliseconds in which what the host has sent may still reach the caller, once the host is gone. */
const lastOutput = 2_000;
/** Milliseconds in which callers may read why their session ends, before the connection does: core cuts it at 500. */
const lastWords = 300;

const callerGone: Reason = {
  code: "session.closed",
  message: "The caller closed the connection.",
};

/** Carries the channels of one connection, until the caller or the host is gone or the session ends. */
export async function relay(link: Link<SshConfig>): Promise<void> {
  const { gate } = link;
  const caller = callerOf(link.arrival);
  const host = hostOf(link.dialed);
  const carriage = new Carriage(
    gate,
    caller,
    host,
    link.config,
    link.limits,
    new Statements(link.config.shell),
    link.resource,
  );
  const sessions = new Set<SessionChannel>();
  let open = 0;
  const room = () => {
    if (open >= mostChannels) return undefined;
    open++;
    return () => void open--;
  };
  const ended = endOf(gate.signal);
  const stopWatching = watchIdle(carriage);
  const askForAgent = agentAsker(carriage);
  const listening = new Listening(carriage, room);
  const inRoom = (reject: () => void, work: () => Promise<void>) => {
    const leave = gate.signal.aborted ? undefined : room();
    if (leave) void work().finally(leave);
    else reject();
  };
  caller.connection.on("error", () => {});
  caller.serve({
    session(accept, reject) {
      inRoom(reject, async () => {
        const session = new SessionChannel(carriage, accept(), askForAgent);
        sessions.add(session);
        await session.over;
        sessions.delete(session);
      });
    },
    tcpip(accept, reject, to) {
      if (!caller.terms.portForwarding) return reject();
      inRoom(reject, () => forwardTcp(carriage, accept, reject, to));
    },
    streamlocal(accept, reject, to) {
      if (!caller.terms.portForwarding) return reject();
      inRoom(reject, () => forwardUnix(carriage, accept, reject, to));
    },
    request(accept = () => {}, reject = () => {}, name, at) {
      if (!caller.terms.portForwarding) return reject();
      if (!isTcp(name, at)) {
        if ("socketPath" in at) refuseForward(carriage, `listen unix ${at.socketPath}`);
        return reject();
      }
      if (name === "tcpip-forward") void listening.listen(at, accept, reject);
      else void listening.cancel(at, accept, reject);
    },
  });
  try {
    const reason = await Promise.race([
      ended,
      carriage.broken,
      caller.broken,
      link.caller.gone.then(() => callerGone),
      link.resource.gone.then(() => hostGone),
    ]);
    if (reason === hostGone)
      await within(
        lastOutput,
        [...sessions].map(({ over }) => over),
      );
    // Also what waits for a person ends with it.
    gate.end(reason);
    if (reason === callerGone) return;
    await within(
      lastWords,
      [...sessions].map((session) => session.leave(reason)),
    );
    caller.end(reason, gate.session.id);
  } finally {
    stopWatching();
    for (const over of [...carriage.forwards]) over();
    for (const pass of carriage.passes) pass.end({ result: "unknown" });
    host.connection.end();
  }
}

/** Resolves with the reason for which the session must end. */
function endOf(signal: AbortSignal): Promise<Reason> {
  return new Promise((resolve) => {
    const end = () => resolve(signal.reason as Reason);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

async function within(ms: number, all: readonly Promise<void>[]): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([Promise.all(all), late]);
  clearTimeout(timer);
}

/** What asks for a listener on a unix socket is refused: whoever may write there is known to nobody. */
function isTcp(name: ForwardRequest, at: TcpipBindInfo | SocketBindInfo): at is TcpipBindInfo {
  return (name === "tcpip-forward" || name === "cancel-tcpip-forward") && "bindAddr" in at;
}
