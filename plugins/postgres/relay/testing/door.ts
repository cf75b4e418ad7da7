import type { Wire } from "../../../../core/plugin.ts";
import { defaultLimits, type Limits } from "../../../../core/policy.ts";
import { listenWires } from "../../../../core/socket.ts";
import type { PostgresServer } from "../../../../test/servers/postgres.ts";
import { accept } from "../../accept.ts";
import type { PostgresConfig } from "../../config.ts";
import { dial } from "../../dial.ts";
import { testDoor } from "../../testing/door.ts";
import { testPermit } from "../../testing/permit.ts";
import { relay } from "../relay.ts";
import { chunked } from "./chunked.ts";
import { TestGate } from "./gate.ts";

/** A listener whose sessions go through the relay to a real server, each under the gate it is given. */
export class RelayDoor {
  readonly port: number;
  readonly #stop: () => void;
  /** Under which the next session runs. */
  gate = new TestGate();
  /** How long the pieces are in which bytes reach the relay. */
  piece: (() => number) | undefined;
  /** Where they are not the default ones. */
  limits: Partial<Limits> = {};
  readonly sessions: Promise<void>[] = [];
  readonly config: PostgresConfig;

  constructor(
    readonly server: PostgresServer,
    readonly database = "postgres",
  ) {
    this.config = { host: server.host, port: server.port, user: "postgres", database };
    const listener = listenWires({ host: "127.0.0.1", port: 0 }, (caller) => {
      this.sessions.push(this.#serve(caller));
    });
    this.port = listener.port;
    this.#stop = () => listener.stop();
  }

  stop(): void {
    this.#stop();
  }

  async #serve(caller: Wire): Promise<void> {
    const { gate, piece, server } = this;
    const arrival = await accept(caller, testDoor());
    if (!arrival) return caller.end();
    const { config } = this;
    const permit = testPermit(config, server.password, gate.session.effects);
    const dialed = await dial(permit, arrival);
    await relay({
      caller: piece ? chunked(caller, piece) : caller,
      resource: piece ? chunked(dialed.wire, piece) : dialed.wire,
      gate,
      limits: { ...defaultLimits, ...this.limits },
      arrival,
      config,
      dialed,
      controlPermit: () => testPermit(config, server.password),
      deliver: async () => {},
    });
  }
}
