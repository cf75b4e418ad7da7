import type { Kind, Permit, Reach, Reason, RequestDoor, RequestProtocol, Wire } from "../../core/plugin.ts";
import type { HttpTarget } from "./config.ts";
import { CallerConnection } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { type CallerOptions, H1Caller } from "./h1/caller.ts";
import { H2Caller } from "./h2/caller.ts";
import { Handling } from "./handling.ts";
import { callerLimitsOf } from "./limits.ts";
import { reach } from "./reach/reach.ts";
import { refuseWire } from "./refuse-wire.ts";

/** The members of a protocol that every dialect of HTTP shares. */
export type WebProtocol<Config, Emits extends Kind, Name extends string> = Pick<
  RequestProtocol<Config, Emits, Name>,
  "serve" | "reach" | "refuse"
>;

export function webProtocol<Config extends HttpTarget, Emits extends Kind, Name extends string>(
  dialect: Dialect<Config, Name>,
): WebProtocol<Config, Emits, Name> {
  return {
    serve: (caller, door) => serve(dialect as unknown as Dialect, caller, door as RequestDoor<HttpTarget>),
    reach: (permit) => reach(permit as unknown as Permit<HttpTarget>) as Promise<Reach>,
    refuse: (caller: Wire, reason: Reason, session?: string) =>
      refuseWire(dialect as unknown as Dialect, caller, reason, session),
  };
}

async function serve(dialect: Dialect, caller: Wire, door: RequestDoor<HttpTarget>): Promise<void> {
  const link = door.listener.tls ? await caller.secure({ alpn: ["h2", "http/1.1"] }) : undefined;
  const connection = new CallerConnection(dialect, door, caller);
  const options: CallerOptions = {
    limits: callerLimitsOf(door.limits),
    serve: (exchange) => new Handling(exchange, connection).start(),
    refuse: (status, reason) => dialect.refusal(status, reason, undefined, unread),
  };
  const spoken = (http: H1Caller | H2Caller) => {
    connection.stopping = () => http.stop();
  };
  const http2 = (wire: Wire) => spoken(new H2Caller(wire, options));
  if (link?.alpn === "h2") http2(caller);
  // In clear, HTTP/2 is spoken without asking (RFC 9113, 3.3); under TLS it was to be agreed on.
  else spoken(new H1Caller(caller, link ? options : { ...options, preface: http2 }));
  await caller.gone;
  connection.close();
}

/** Stands for a request whose head never was one. */
const unread = { method: "GET", target: "/", authority: "", version: "1.1", fields: [] } as const;
