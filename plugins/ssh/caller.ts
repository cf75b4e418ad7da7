import type {
  AcceptConnection,
  Connection,
  RejectConnection,
  ServerChannel,
  Session,
  SocketBindInfo,
  SocketRequestInfo,
  TcpipBindInfo,
  TcpipRequestInfo,
} from "ssh2";
import type { Arrival, Reason } from "../../core/plugin.ts";
import type { Jump } from "./jump/jump.ts";
import { LateClose } from "./late-close.ts";
import { disconnect, refuseChannel, worded } from "./message.ts";

/** What the caller opens and asks for once it is logged in. Each is to be answered by `accept` or `reject`, once. */
export interface CallerChannels {
  session(accept: AcceptConnection<Session>, reject: RejectConnection): void;
  /** `-L`, `-D`, `-W`. */
  tcpip(accept: AcceptConnection<ServerChannel>, reject: RejectConnection, to: TcpipRequestInfo): void;
  /** `-L` to a unix socket. */
  streamlocal(accept: AcceptConnection<ServerChannel>, reject: RejectConnection, to: SocketRequestInfo): void;
  /** `-R`, and the end of one. Absent `accept` and `reject`: no answer is wanted. */
  request(
    accept: ((port?: number) => void) | undefined,
    reject: (() => void) | undefined,
    name: ForwardRequest,
    at: TcpipBindInfo | SocketBindInfo,
  ): void;
}

export type ForwardRequest =
  | "tcpip-forward"
  | "cancel-tcpip-forward"
  | "streamlocal-forward@openssh.com"
  | "cancel-streamlocal-forward@openssh.com";

/** What the caller's own certificate leaves it (OpenSSH's PROTOCOL.certkeys). A key or a password leaves all. */
export interface CallerTerms {
  /** Runs instead of whatever the caller asks for: command, shell or subsystem. */
  readonly forcedCommand?: string;
  readonly pty: boolean;
  readonly portForwarding: boolean;
  readonly agentForwarding: boolean;
}

export const allTerms: CallerTerms = { pty: true, portForwarding: true, agentForwarding: true };

/** Requests that may wait for a session that is not open yet. */
const queueLimit = 32;

/** A caller that is logged in: `Arrival.state`. What it asks for waits here until a relay serves it. */
export class SshCaller {
  #channels: CallerChannels | undefined;
  #waiting: ((channels: CallerChannels) => void)[] = [];
  readonly lateClose: LateClose;

  constructor(
    readonly connection: Connection,
    /** Whom it wants to be on the host (`ops` of `ops+bastion`); undefined: whoever the resource says. */
    readonly login: string | undefined,
    readonly terms: CallerTerms,
    /** Resolves where it breaks SSH's own bounds: nothing of what comes then is looked at. */
    readonly broken: Promise<Reason>,
    /** Other sessions inside of this connection; they are none of the relay's. */
    jump?: Jump,
  ) {
    this.lateClose = new LateClose(connection);
    connection.on("session", (accept, reject) => {
      this.#ask((channels) => channels.session(accept, reject), reject);
    });
    connection.on("tcpip", (accept, reject, to) => {
      if (jump?.named(to)) jump.open(accept, reject, to);
      else this.#ask((channels) => channels.tcpip(accept, reject, to), reject);
    });
    connection.on("openssh.streamlocal", (accept, reject, to) => {
      this.#ask((channels) => channels.streamlocal(accept, reject, to), reject);
    });
    const asked: CallerChannels["request"] = (accept, reject, name, at) => {
      this.#ask((channels) => channels.request(accept, reject, name, at), reject);
    };
    connection.on("request", asked);
  }

  /** What has been asked for since the login, in order, and all that is from now on. */
  serve(channels: CallerChannels): void {
    this.#channels = channels;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const ask of waiting) ask(channels);
  }

  /** Says why a channel is not opened; `reject` is what came with the request. */
  refuse(reject: RejectConnection, reason: Reason): void {
    refuseChannel(this.connection, reject, worded(reason));
  }

  /** Tells the caller why, and closes the connection. */
  end(reason: Reason, session?: string): void {
    disconnect(this.connection, worded(reason, session));
  }

  #ask(ask: (channels: CallerChannels) => void, reject: (() => void) | undefined): void {
    if (this.#channels) ask(this.#channels);
    else if (this.#waiting.length < queueLimit) this.#waiting.push(ask);
    else reject?.();
  }
}

export function callerOf(arrival: Arrival): SshCaller {
  return arrival.state as SshCaller;
}
