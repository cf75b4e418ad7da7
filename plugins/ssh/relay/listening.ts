import type { ClientChannel, ServerChannel, TcpConnectionDetails, TcpipBindInfo } from "ssh2";
import type { Pass } from "../../../core/plugin.ts";
import { admit, done } from "./admission.ts";
import type { Carriage } from "./carriage.ts";
import { address } from "./forward.ts";
import { sendable } from "./sendable.ts";
import { tunnel } from "./tunnel.ts";

/** Addresses that one connection may have the host listen on. */
const most = 16;

/** `-R` (RFC 4254, 7.1): the host listens, and each connection that it takes is brought to the caller. */
export class Listening {
  readonly #open = new Map<string, Pass>();
  /** Those that are asked for, and not open yet. */
  #asked = 0;

  constructor(
    readonly carriage: Carriage,
    /** Whether the connection has room for one channel more, which it then takes. */
    readonly room: () => (() => void) | undefined,
  ) {
    carriage.host.connection.on("tcp connection", (details, accept, reject) => {
      this.#taken(details, accept, reject);
    });
  }

  async listen(
    { bindAddr, bindPort }: TcpipBindInfo,
    accept: (port?: number) => void,
    reject: () => void,
  ): Promise<void> {
    const on = `listen ${address(bindAddr, bindPort)}`;
    try {
      sendable(on);
    } catch {
      return reject();
    }
    if (this.#open.size + this.#asked >= most) return reject();
    this.#asked++;
    try {
      await this.#listen(on, bindAddr, bindPort, accept, reject);
    } finally {
      this.#asked--;
    }
  }

  async #listen(
    on: string,
    bindAddr: string,
    bindPort: number,
    accept: (port?: number) => void,
    reject: () => void,
  ): Promise<void> {
    const { carriage } = this;
    const pass = await admit(carriage, carriage.statements.connect(on));
    if ("deny" in pass) return reject();
    try {
      const port = await new Promise<number>((resolve, refuse) => {
        carriage.host.connection.forwardIn(bindAddr, bindPort, (error, port) =>
          error ? refuse(error) : resolve(port),
        );
      });
      this.#open.set(`${bindAddr} ${port}`, pass);
      accept(port);
    } catch {
      done(carriage, pass, { result: "error" });
      reject();
    }
  }

  async cancel({ bindAddr, bindPort }: TcpipBindInfo, accept: () => void, reject: () => void): Promise<void> {
    const key = `${bindAddr} ${bindPort}`;
    const pass = this.#open.get(key);
    if (!pass) return reject();
    this.#open.delete(key);
    await new Promise<void>((resolve) => {
      this.carriage.host.connection.unforwardIn(bindAddr, bindPort, () => resolve());
    });
    done(this.carriage, pass, { result: "ok" });
    accept();
  }

  #taken(details: TcpConnectionDetails, accept: () => ClientChannel, reject: () => void): void {
    const { destIP, destPort, srcIP, srcPort } = details;
    const leave = this.#open.has(`${destIP} ${destPort}`) ? this.room() : undefined;
    if (!leave) return reject();
    const { caller, host } = this.carriage;
    caller.connection.forwardOut(
      destIP,
      destPort,
      srcIP,
      srcPort,
      (error: Error | undefined, near: ServerChannel) => {
        if (error) {
          leave();
          return reject();
        }
        void tunnel(
          this.carriage,
          { channel: near, connection: caller.connection },
          { channel: accept(), connection: host.connection },
          { to: `listen ${address(destIP, destPort)}`, from: address(srcIP, srcPort) },
        ).finally(leave);
      },
    );
  }
}
