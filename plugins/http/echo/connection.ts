import type { ResourceConnection, Sending } from "../exchange.ts";
import type { Fields } from "../message.ts";
import { EchoedAnswer } from "./answer.ts";
import type { EchoGuard } from "./guard.ts";

/** The same connection, over which no answer brings back the credential that requests on it show. */
export function withoutEchoes<Kind extends ResourceConnection>(connection: Kind, guard: EchoGuard): Kind {
  const send = connection.send.bind(connection);
  connection.send = (head, length, upgrade, answer) => {
    const echoed = new EchoedAnswer(guard, head.method, answer);
    const sending = send(head, length, upgrade, echoed);
    echoed.sending = sending;
    return new EchoedSending(sending, echoed);
  };
  return connection;
}

/** A request on its way, whose answer is listened to. */
class EchoedSending implements Sending {
  constructor(
    readonly sending: Sending,
    readonly answer: EchoedAnswer,
  ) {}

  write(view: Uint8Array): boolean {
    return this.sending.write(view);
  }

  end(trailers?: Fields): void {
    this.sending.end(trailers);
  }

  resume(): void {
    this.answer.resume();
  }

  abort(): void {
    this.answer.abort();
  }
}
