import type { Socket } from "node:net";
import ssh2, { type Connection } from "ssh2";
import {
  type Arrival,
  type Carrier,
  type Door,
  PosternError,
  type Reason,
  type Wire,
} from "../../core/plugin.ts";
import { toCallers } from "./algorithms.ts";
import { type CallerChannels, SshCaller } from "./caller.ts";
import { offerHostKeys } from "./host-key-update.ts";
import { hostKeys } from "./host-keys.ts";
import { Jump } from "./jump/jump.ts";
import { JumpWire } from "./jump/wire.ts";
import { type LoggedIn, Login } from "./login/login.ts";
import { wishOf } from "./login/name.ts";
import { holdToBounds } from "./peer-bounds.ts";
import { speaks } from "./refuse.ts";
import { renewKeys } from "./rekey.ts";
import { nameSignatures } from "./signature-names.ts";
import { SshStream } from "./ssh-stream.ts";
import { heedTerminalModes } from "./terminal-modes.ts";

/** Of `limits.header`: a key exchange, as many keys as may be offered, and a token. */
const headersToLogIn = 16;

/**
 * Asked for now and then, so that nobody between takes the connection for dead. A client may be stopped for an hour
 * (`~^Z`); that its machine is gone is TCP's to find out.
 */
const keepalive = { keepaliveInterval: 60_000, keepaliveCountMax: 60 };

/**
 * Key exchange and login. The user name names the resource. One that names none may come to jump: its first channel
 * says so.
 */
export async function accept(caller: Wire, door: Door): Promise<Arrival | Carrier> {
  const keys = await hostKeys(door.dataDir);
  const arrived = Promise.withResolvers<Arrival | Carrier>();
  const stream = new SshStream(caller);
  stream.limit(headersToLogIn * door.limits.header, () => arrived.reject(tooLong()));
  let login: Login | undefined;
  const server = new ssh2.Server(
    { hostKeys: [keys.current.private], ident: "Postern", algorithms: toCallers, ...keepalive },
    (connection, { header }) => {
      speaks(caller, connection);
      heedTerminalModes(connection);
      nameSignatures(connection);
      const broken = Promise.withResolvers<Reason>();
      const broke = (how: string) => {
        const error = brokeBounds(how);
        arrived.reject(error);
        broken.resolve(error.reason);
      };
      holdToBounds(connection, broke);
      connection.on("error", (cause) => arrived.reject(brokenOff(cause)));
      login = new Login(connection, caller, door, (who) => {
        stream.limit(Number.POSITIVE_INFINITY, () => {});
        renewKeys(connection, stream);
        offerHostKeys(connection, keys, broke);
        try {
          arrive(who, header.versions.software, {
            ...{ caller, door, connection, arrived },
            broken: broken.promise,
          });
        } catch (error) {
          arrived.reject(error);
        }
      });
      login.failed.catch(arrived.reject);
    },
  );
  void caller.gone.then(() => arrived.reject(brokenOff()));
  server.injectSocket(stream as unknown as Socket);
  try {
    return await arrived.promise;
  } finally {
    login?.over();
  }
}

interface Arriving {
  readonly caller: Wire;
  readonly door: Door;
  readonly connection: Connection;
  readonly arrived: PromiseWithResolvers<Arrival | Carrier>;
  readonly broken: Promise<Reason>;
}

function arrive({ identity, terms, user }: LoggedIn, application: string, arriving: Arriving): void {
  const { caller, door, connection, arrived, broken } = arriving;
  const inner = caller instanceof JumpWire;
  const target = inner ? caller.target : door.listener.resource;
  const { resource, login } = wishOf(user, target, door.resources);
  const jump = new Jump(connection, caller, identity, terms, door);
  // One connection inside of another is enough: who would carry a third has two of its own.
  const state = new SshCaller(connection, login, terms, broken, inner ? undefined : jump);
  const session = () => arrived.resolve({ identity, resource, application, state });
  if (target !== undefined || Object.hasOwn(door.resources, resource)) return session();
  const over = Promise.race([caller.gone, broken.then((reason) => state.end(reason))]);
  state.serve(jumping(jump, session, () => arrived.resolve({ carries: identity, over })));
}

/** Whoever opens a session where there is no such resource is told so by core. */
function jumping(jump: Jump, session: () => void, jumped: () => void): CallerChannels {
  let jumps = false;
  return {
    session(_accept, reject) {
      if (jumps) reject();
      else session();
    },
    tcpip(accept, reject, to) {
      jumps = true;
      jumped();
      jump.open(accept, reject, to);
    },
    streamlocal: (_accept, reject) => reject(),
    request: (_accept, reject) => reject?.(),
  };
}

function brokenOff(cause?: unknown): PosternError {
  if (cause === undefined) return new PosternError("wire.closed", "The connection was closed.");
  return new PosternError("ssh.protocol", "The client does not speak SSH as this gateway does.", {
    hint: "A client must offer curve25519-sha256, ssh-ed25519 host keys and AES in GCM or CTR mode.",
    cause,
  });
}

function brokeBounds(how: string): PosternError {
  return new PosternError("ssh.protocol", `The client does not keep to SSH's bounds: ${how}.`, {
    hint: "No SSH client does that: look who is calling, and with what.",
  });
}

function tooLong(): PosternError {
  return new PosternError("limit.header", "The login took more bytes than the gateway reads for one.", {
    hint: "The operator sets `limits.header`.",
  });
}
