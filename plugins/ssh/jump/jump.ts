import type { AcceptConnection, Connection, RejectConnection, ServerChannel, TcpipRequestInfo } from "ssh2";
import type { Door, Identity, Reason, Wire } from "../../../core/plugin.ts";
import type { CallerTerms } from "../caller.ts";
import type { SshConfig } from "../config.ts";
import { refuseChannel, worded } from "../message.ts";
import { JumpWire } from "./wire.ts";

/** Connections that one connection may carry at once. */
const most = 16;

/** Connections inside of one (`ssh -J`, `-W`): to a registered resource, and nowhere else. */
export class Jump {
  #open = 0;

  constructor(
    readonly connection: Connection,
    readonly outer: Wire,
    readonly identity: Identity,
    readonly terms: CallerTerms,
    readonly door: Pick<Door, "resources" | "enter" | "denied">,
  ) {}

  /** Whether this is the name of a resource, whatever the port. */
  named({ destIP }: TcpipRequestInfo): boolean {
    return Object.hasOwn(this.door.resources, destIP);
  }

  /** A new connection that ends in this gateway, by whoever logs in on it; or a refusal that is in the trail. */
  open(accept: AcceptConnection<ServerChannel>, reject: RejectConnection, to: TcpipRequestInfo): void {
    const target = this.#target(to);
    if (target === undefined) return this.#refuse(reject, to, elsewhere(to));
    if (!this.terms.portForwarding) return this.#refuse(reject, to, forbidden);
    if (this.#open >= most) return this.#refuse(reject, to, tooMany);
    this.#open++;
    const wire = new JumpWire(accept(), this.connection, this.outer, target);
    void wire.gone.then(() => this.#open--);
    this.door.enter(wire);
  }

  #target(to: TcpipRequestInfo): string | undefined {
    if (this.named(to)) return to.destIP;
    const there = Object.entries(this.door.resources).find(([, resource]) => {
      const { host, port = 22 } = resource as SshConfig;
      return host === to.destIP && port === to.destPort;
    });
    return there?.[0];
  }

  #refuse(reject: RejectConnection, to: TcpipRequestInfo, reason: Reason): void {
    this.door.denied(this.identity, `${to.destIP}:${to.destPort}`, reason);
    refuseChannel(this.connection, reject, worded(reason));
  }
}

function elsewhere({ destIP, destPort }: TcpipRequestInfo): Reason {
  return {
    code: "ssh.jump",
    message: `${destIP}:${destPort} is no resource of this gateway, and it connects to nothing else.`,
    hint: "Jump to a resource by its name: ssh -J gateway RESOURCE.",
  };
}

const forbidden: Reason = {
  code: "ssh.jump",
  message: "The certificate of this login does not permit port forwarding.",
};

const tooMany: Reason = {
  code: "ssh.jump",
  message: `One connection carries at most ${most} others at once.`,
};
