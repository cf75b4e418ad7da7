import type { Client, ParsedKey } from "ssh2";
import { string, uint32 } from "../message.ts";

const suffix = "-cert-v01@openssh.com";

/**
 * A private key that presents its certificate (`ssh-ed25519-cert-v01@openssh.com AAAA…`) in place of the public key.
 * ssh2 sends what a key says of itself.
 */
export function certified(key: ParsedKey, certificate: string): ParsedKey {
  const [, base64 = ""] = certificate.split(" ");
  const blob = Buffer.from(base64, "base64");
  return Object.assign(Object.create(key) as ParsedKey, {
    type: `${key.type}${suffix}`,
    getPublicSSH: () => blob,
  });
}

/** What of ssh2's own writer is needed: it has no call for what `namePlainSignature` mends. */
interface PacketWriter {
  readonly allocStart: number;
  alloc(length: number): Buffer;
  finalize(packet: Buffer, atOnce?: boolean): Buffer;
}

const userauthRequest = 50;

/**
 * ssh2 names the signature in a login after the algorithm that was asked for; with a certificate that is not the
 * name of a signature, and hosts refuse it (PROTOCOL.certkeys: signatures are those of the plain key). To call once
 * keys have been exchanged; with a login of another kind it changes nothing.
 */
export function namePlainSignature(client: Client): void {
  const { write } = (client as unknown as { readonly _protocol: { _packetRW: { write: PacketWriter } } })
    ._protocol._packetRW;
  const finalize = write.finalize.bind(write);
  write.finalize = (packet, atOnce) => {
    const payload = packet.subarray(write.allocStart);
    const renamed = payload[0] === userauthRequest ? withPlainSignature(payload) : undefined;
    if (!renamed) return finalize(packet, atOnce);
    const mended = write.alloc(renamed.length);
    mended.set(renamed, write.allocStart);
    return finalize(mended, atOnce);
  };
}

/** RFC 4252, 7; undefined: it is no signed login with a certificate. */
function withPlainSignature(payload: Buffer): Buffer | undefined {
  let at = 1;
  const next = () => {
    const start = at + 4;
    at = start + payload.readUInt32BE(at);
    return payload.subarray(start, at);
  };
  next();
  next();
  if (next().toString() !== "publickey" || payload[at++] !== 1) return undefined;
  const algorithm = next().toString();
  next();
  if (!algorithm.endsWith(suffix)) return undefined;
  const head = payload.subarray(0, at);
  at += 4;
  next();
  const signature = Buffer.concat([string(algorithm.slice(0, -suffix.length)), string(next())]);
  return Buffer.concat([head, uint32(signature.length), signature]);
}
