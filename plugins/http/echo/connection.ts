import type { ResourceConnection } from "../exchange.ts";
import { EchoedAnswer } from "./answer.ts";
import type { EchoGuard } from "./guard.ts";

/** The same connection, over which no answer brings back the credential that requests on it show. */
export function withoutEchoes<Kind extends ResourceConnection>(connection: Kind, guard: EchoGuard): Kind {
  const send = connection.send.bind(connection);
  connection.send = (head, length, upgrade, answer) => {
    const echoed = new EchoedAnswer(guard, head.method, answer);
    const sending = send(head, length, upgrade, echoed);
    echoed.sending = sending;
    return {
      write: (view) => sending.write(view),
      end: (trailers) => sending.end(trailers),
      resume: () => echoed.resume(),
      abort: () => echoed.abort(),
    };
  };
  return connection;
}
