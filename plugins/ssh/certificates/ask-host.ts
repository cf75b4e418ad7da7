import { generateKeyPairSync, randomBytes } from "node:crypto";
import { connectWire, PosternError, type Wire } from "../../../core/plugin.ts";
import { Fields } from "../keys/fields.ts";
import { string, uint32 } from "../message.ts";

const message = { ignore: 2, debug: 4, kexInit: 20, ecdhInit: 30, ecdhReply: 31 };
const plain = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
const rsa = ["rsa-sha2-512", "rsa-sha2-256"];
const hostKeys = [...plain, ...rsa].map((name) => `${name}-cert-v01@openssh.com`);
const kex = ["curve25519-sha256", "curve25519-sha256@libssh.org"];
const ciphers = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr"];
const macs = ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"];

/** Bytes that a host may say before its key. */
const most = 64 * 1024;

/**
 * The certificate that a host shows for its key. ssh2 takes none, so it is asked for on a connection of its own, up to
 * the answer of the key exchange that has it (RFC 4253, 7 and 8; RFC 8731). Nothing there proves that the host has
 * the key: whoever uses the certificate has it proved on the connection that counts. Throws PosternError
 * `resource.host-key` where there is none, and as `connectWire` and `Wire.read` do.
 */
export async function askHostForCertificate(host: string, port: number, timeout: number): Promise<Buffer> {
  const wire = await connectWire({ host, port, timeout });
  wire.deadline(timeout);
  try {
    wire.write(Buffer.from("SSH-2.0-Postern\r\n"));
    await identification(wire);
    wire.write(packet(kexInit()));
    wire.write(packet(Buffer.concat([Buffer.from([message.ecdhInit]), string(ephemeralKey())])));
    for (let left = most; left > 0; ) {
      const payload = await nextPayload(wire);
      left -= payload.length;
      const type = payload[0];
      if (type === message.ecdhReply) return Buffer.from(new Fields(payload.subarray(1)).bytesField());
      if (type !== message.kexInit && type !== message.ignore && type !== message.debug) break;
    }
    throw noCertificate(host);
  } finally {
    wire.destroy();
  }
}

function kexInit(): Buffer {
  const lists = [kex, hostKeys, ciphers, ciphers, macs, macs, ["none"], ["none"], [], []];
  return Buffer.concat([
    Buffer.from([message.kexInit]),
    randomBytes(16),
    ...lists.map((names) => string(names.join(","))),
    Buffer.from([0]),
    uint32(0),
  ]);
}

function ephemeralKey(): Buffer {
  return generateKeyPairSync("x25519").publicKey.export({ format: "der", type: "spki" }).subarray(-32);
}

/** RFC 4253, 6: multiples of eight, at least four bytes of padding. */
function packet(payload: Buffer): Buffer {
  const padding = 4 + ((8 - ((payload.length + 5 + 4) % 8)) % 8);
  return Buffer.concat([
    uint32(1 + payload.length + padding),
    Buffer.from([padding]),
    payload,
    randomBytes(padding),
  ]);
}

async function nextPayload(wire: Wire): Promise<Buffer> {
  const head = await wire.read(5);
  const length = head.readUInt32BE();
  const padding = head[4] ?? 0;
  if (length > most || length < padding + 2)
    throw new PosternError("resource.unreachable", "The host speaks no SSH.");
  const rest = await wire.read(length - 1);
  return rest.subarray(0, rest.length - padding);
}

/** Lines may come before it (RFC 4253, 4.2). */
async function identification(wire: Wire): Promise<void> {
  let line = "";
  for (let read = 0; read < most; read++) {
    const byte = (await wire.read(1)).toString("latin1");
    if (byte !== "\n") line += byte;
    else if (line.startsWith("SSH-")) return;
    else line = "";
  }
  throw new PosternError("resource.unreachable", "The host speaks no SSH.");
}

function noCertificate(host: string): PosternError {
  return new PosternError("resource.host-key", "The host shows no certificate for its key.", {
    hint: "The operator signs its key (ssh-keygen -s CA -h -n NAME) and names it in sshd_config: HostCertificate.",
    todo: `Sign the host's key (ssh-keygen -s CA -h -n ${host} …), and name the certificate in its sshd_config: HostCertificate.`,
    cause: new Error(`${host} answered with no key that an authority has signed`),
  });
}
