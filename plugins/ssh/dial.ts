import { Client, type ConnectConfig } from "ssh2";
import { type Arrival, connectWire, type Dialed, type Permit, PosternError } from "../../core/plugin.ts";
import { toHosts } from "./algorithms.ts";
import { callerOf } from "./caller.ts";
import { askHostForCertificate } from "./certificates/ask-host.ts";
import { certifiedHostKey } from "./certificates/host.ts";
import { namePlainSignature } from "./certificates/key.ts";
import type { SshConfig } from "./config.ts";
import { AgentOfCallers } from "./forwarded-agent.ts";
import type { SshHost } from "./host.ts";
import { HostKeySet, publicKeyBlob } from "./host-key.ts";
import { hostLogin } from "./host-login.ts";
import { fingerprint } from "./keys/public-key.ts";
import { holdToBounds } from "./peer-bounds.ts";
import { renewKeys } from "./rekey.ts";
import { SshStream } from "./ssh-stream.ts";

/** Milliseconds for the connection to open, and for handshake and login together. */
const connectTime = 10_000;
const loginTime = 20_000;
/** Milliseconds of silence after which the host is asked whether it is still there; how many times it may not answer. */
const keepalive = { keepaliveInterval: 15_000, keepaliveCountMax: 3 };

/**
 * Logs in to the host, once it has proved that it is that host. Throws PosternError `ssh.login` (not one that the
 * policy lists), `resource.host-key`, `resource.login`, `resource.unreachable`, `ssh.key`, `wire.timeout`.
 */
export async function dial(permit: Permit<SshConfig>, arrival: Arrival): Promise<Dialed> {
  const { config } = permit;
  const asked = loginOf(config, callerOf(arrival).login);
  const known = await reached(knownKeys(config));
  const wire = await reached(
    connectWire({ host: config.host, port: config.port ?? 22, timeout: connectTime }),
  );
  const leave = () => wire.destroy();
  permit.signal?.addEventListener("abort", leave, { once: true });
  try {
    const credential = await permit.credential(asked);
    if (!credential) throw noCredential(config);
    const login = credential.runsAs ?? asked;
    const passphrase = await config.passphrase?.read();
    const methods = hostLogin(login, credential, passphrase);
    const agent = new AgentOfCallers();
    const stream = new SshStream(wire);
    const connection = await connect(config, known, {
      sock: stream,
      username: login,
      authHandler: methods,
      agent,
    });
    renewKeys(connection, stream);
    return { wire, state: { connection, login, agent } satisfies SshHost };
  } catch (error) {
    wire.destroy();
    throw error;
  } finally {
    permit.signal?.removeEventListener("abort", leave);
  }
}

/** Throws PosternError `ssh.login`. */
function loginOf({ user, users = [] }: SshConfig, asked: string | undefined): string {
  if (asked === undefined || asked === user || users.includes(asked)) return asked ?? user;
  throw new PosternError("ssh.login", `Nobody may log in as ${JSON.stringify(asked)} on this resource.`, {
    hint: "Leave it out (ssh resource@gateway), or ask whoever keeps the policy to list it under `users`.",
  });
}

/** That a host cannot be reached is news to the operator, and its address none of the caller's business. */
async function reached<T>(way: Promise<T>): Promise<T> {
  return await way.catch((error: unknown) => {
    throw error instanceof PosternError && error.code.startsWith("wire.") ? failed(error) : error;
  });
}

/** Those that the policy pins, and the one that an authority of the policy's has signed. */
async function knownKeys({ host, port = 22, hostKey = [], hostCa = [] }: SshConfig): Promise<HostKeySet> {
  const pinned = [hostKey].flat().map(publicKeyBlob);
  const authorities = [hostCa].flat().map(publicKeyBlob);
  if (authorities.length === 0) return new HostKeySet(pinned);
  try {
    const certificate = await askHostForCertificate(host, port, connectTime);
    return new HostKeySet([...pinned, certifiedHostKey(certificate, host, authorities)]);
  } catch (error) {
    if (pinned.length === 0) throw error;
    return new HostKeySet(pinned);
  }
}

function connect(config: SshConfig, known: HostKeySet, options: ConnectConfig): Promise<Client> {
  const client = new Client();
  let stranger: PosternError | undefined;
  return new Promise((resolve, reject) => {
    client.once("handshake", () => namePlainSignature(client));
    client.once("ready", () => resolve(client));
    // It stays: an error after the login is told by the end of the connection.
    client.on("error", (error) => reject(stranger ?? failed(error)));
    client.once("close", () => reject(stranger ?? failed(new Error("the host closed the connection"))));
    client.connect({
      ...options,
      ...keepalive,
      readyTimeout: loginTime,
      ident: "Postern",
      algorithms: { ...toHosts, serverHostKey: known.algorithms },
      hostVerifier: (key: Buffer) => {
        if (known.has(key)) return true;
        stranger = unknownKey(config, key);
        return false;
      },
    });
    holdToBounds(client, () => client.destroy());
  });
}

function unknownKey({ host, port = 22 }: SshConfig, key: Buffer): PosternError {
  const cause = new Error(`${host} showed the key ${fingerprint(key)}`);
  return new PosternError("resource.host-key", "The host did not prove that it is the host of the policy.", {
    hint: "Its key has changed, or somebody answers in its place: the operator compares it with the host's own.",
    todo:
      `Compare it on the host: for f in /etc/ssh/ssh_host_*.pub; do ssh-keygen -lf $f; done. Where its key was changed ` +
      `on purpose, write what "ssh-keyscan -p ${port} ${host}" prints after the name into hostKey; where it is not the ` +
      `host's at all, somebody answers in its place.`,
    cause,
  });
}

/** The caller is told no more than that; the operator's log has what the host or ssh2 said. */
function failed(cause: Error & { readonly level?: string }): PosternError {
  if (cause.level === "client-authentication") {
    return new PosternError("resource.login", "The host did not let the gateway in.", {
      hint: "The operator checks user and credential of the resource, and the host's own log.",
      cause,
    });
  }
  if (cause.level === "client-timeout") {
    return new PosternError("wire.timeout", "The host took too long to let the gateway in.", { cause });
  }
  return new PosternError("resource.unreachable", "The host could not be talked to.", {
    hint: "Try again in a moment; the gateway's log says what happened.",
    cause,
  });
}

function noCredential({ host }: SshConfig): PosternError {
  return new PosternError("resource.config", `ssh({ host: "${host}" }) has no credential to log in with.`, {
    hint: 'Write credential: env("…"), or credential: sshCertificates({ … }).',
  });
}
