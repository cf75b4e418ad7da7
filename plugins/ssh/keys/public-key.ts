import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { Fields, Malformed } from "./fields.ts";

/** A public key in SSH's wire form (RFC 4253, 6.6; RFC 5656, 3.1; RFC 8709, 4). */
export interface PublicKey {
  readonly type:
    | "ssh-ed25519"
    | "ssh-rsa"
    | "ecdsa-sha2-nistp256"
    | "ecdsa-sha2-nistp384"
    | "ecdsa-sha2-nistp521";
  readonly object: KeyObject;
}

const curves: Readonly<
  Record<string, { readonly jwk: string; readonly bytes: number; readonly hash: string }>
> = {
  "ecdsa-sha2-nistp256": { jwk: "P-256", bytes: 32, hash: "sha256" },
  "ecdsa-sha2-nistp384": { jwk: "P-384", bytes: 48, hash: "sha384" },
  "ecdsa-sha2-nistp521": { jwk: "P-521", bytes: 66, hash: "sha512" },
};

/** No SHA-1, whatever the client's own list says. */
const rsaHashes: Readonly<Record<string, string>> = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512" };

/** Bits: less can be broken, more costs whoever verifies. */
const rsaSize = { least: 2048, most: 8192 };

/** Throws Malformed. */
export function readPublicKey(blob: Buffer): PublicKey {
  const fields = new Fields(blob);
  const key = keyFields(fields.text(), fields);
  fields.end();
  return key;
}

/** The fields of a key of this type, from `fields` on: a certificate has them in its midst. Throws Malformed. */
export function keyFields(type: string, fields: Fields): PublicKey {
  try {
    if (type === "ssh-ed25519") {
      const x = exactly(fields.bytesField(), 32);
      return { type, object: fromJwk({ kty: "OKP", crv: "Ed25519", x }) };
    }
    if (type === "ssh-rsa") return { type, object: rsa(fields.bytesField(), fields.bytesField()) };
    const curve = Object.hasOwn(curves, type) ? curves[type] : undefined;
    if (!curve) throw new Malformed(`keys of type ${JSON.stringify(type.slice(0, 40))} are not taken`);
    const { jwk, bytes } = curve;
    if (fields.text() !== type.slice("ecdsa-sha2-".length)) throw new Malformed("the curve is another one");
    const point = exactly(fields.bytesField(), 1 + 2 * bytes);
    if (point[0] !== 4) throw new Malformed("the point is compressed");
    const [x, y] = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)];
    return { type: type as PublicKey["type"], object: fromJwk({ kty: "EC", crv: jwk, x, y }) };
  } catch (error) {
    if (error instanceof Malformed) throw error;
    // OpenSSL: a point that is not on its curve.
    throw new Malformed("it is no key");
  }
}

/** Whether `signature` (RFC 4253, 6.6: its algorithm, then itself) is this key's over `data`. */
export function verifies({ type, object }: PublicKey, data: Buffer, signature: Buffer): boolean {
  try {
    const fields = new Fields(signature);
    const algorithm = fields.text();
    const bytes = fields.bytesField();
    fields.end();
    if (type === "ssh-rsa") {
      const hash = Object.hasOwn(rsaHashes, algorithm) ? rsaHashes[algorithm] : undefined;
      return hash !== undefined && verify(hash, data, object, bytes);
    }
    if (algorithm !== type) return false;
    if (type === "ssh-ed25519") return verify(null, data, object, bytes);
    const curve = curves[type];
    if (!curve) return false;
    const pair = new Fields(bytes);
    const [r, s] = [padded(pair.bytesField(), curve.bytes), padded(pair.bytesField(), curve.bytes)];
    pair.end();
    return verify(curve.hash, data, { key: object, dsaEncoding: "ieee-p1363" }, Buffer.concat([r, s]));
  } catch {
    return false;
  }
}

/** The same as ssh2 hands it on for a plain key: without its name, and that of an ECDSA key as DER. */
export function verifiesBare(
  { type, object }: PublicKey,
  data: Buffer,
  signature: Buffer,
  hash?: string,
): boolean {
  if (type === "ssh-ed25519") return verify(null, data, object, signature);
  if (type === "ssh-rsa")
    return (hash === "sha256" || hash === "sha512") && verify(hash, data, object, signature);
  return verify(curves[type]?.hash, data, { key: object, dsaEncoding: "der" }, signature);
}

/** `SHA256:…`, as OpenSSH shows it. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

function rsa(e: Buffer, n: Buffer): KeyObject {
  const modulus = unsigned(n);
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < rsaSize.least || bits > rsaSize.most)
    throw new Malformed(`RSA keys of ${bits} bits are not taken`);
  if (e.length > 8) throw new Malformed("the RSA exponent is too long");
  return fromJwk({ kty: "RSA", n: modulus, e: unsigned(e) });
}

function fromJwk({
  kty,
  crv,
  ...numbers
}: {
  kty: string;
  crv?: string;
  [name: string]: string | Buffer | undefined;
}) {
  const key: Record<string, string> = { kty, ...(crv === undefined ? {} : { crv }) };
  for (const [name, value] of Object.entries(numbers)) {
    if (Buffer.isBuffer(value)) key[name] = value.toString("base64url");
  }
  return createPublicKey({ key, format: "jwk" });
}

/** An `mpint` without the zeros before it. */
function unsigned(mpint: Buffer): Buffer {
  let from = 0;
  while (from < mpint.length && mpint[from] === 0) from++;
  if (from === mpint.length || ((mpint[0] ?? 0) & 0x80) !== 0)
    throw new Malformed("a number is not positive");
  return mpint.subarray(from);
}

function padded(mpint: Buffer, length: number): Buffer {
  const number = unsigned(mpint);
  if (number.length > length) throw new Malformed("a number is too long");
  return Buffer.concat([Buffer.alloc(length - number.length), number]);
}

function exactly(bytes: Buffer, length: number): Buffer {
  if (bytes.length !== length) throw new Malformed("a key has another length");
  return bytes;
}
