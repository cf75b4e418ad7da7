import { parentPort } from "node:worker_threads";
import { type Interface, type Message, openPeer, type Peer } from "../messages.ts";
import { storeFailure } from "./failure.ts";

type Calls = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Makes this thread answer its opener's calls. Nothing that a query held may leave in an error. */
export function answerCalls<Events extends Interface<Events>>(calls: object): Peer<Events> {
  const safe: Calls = Object.fromEntries(
    Object.entries(calls as Calls).map(([name, call]) => [
      name,
      async (...args: never[]) => {
        try {
          return await call(...args);
        } catch (error) {
          throw storeFailure(error);
        }
      },
    ]),
  );
  const peer = openPeer<Events, Calls>(safe, (message) => parentPort?.postMessage(message));
  parentPort?.on("message", (message: Message) => peer.receive(message));
  return peer;
}
