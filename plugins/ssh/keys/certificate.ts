import { Fields, Malformed } from "./fields.ts";
import { keyFields, type PublicKey, readPublicKey, verifies } from "./public-key.ts";

/** An OpenSSH certificate (PROTOCOL.certkeys), read and its signature verified; of whose authority it says itself. */
export interface Certificate {
  /** The key that it is about: whoever shows it must have the private one. */
  readonly key: PublicKey;
  readonly serial: bigint;
  readonly kind: "user" | "host";
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Seconds since 1970; it is good from the one until just before the other. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  /** Name and value; what does not know one must refuse the certificate. */
  readonly critical: ReadonlyMap<string, string>;
  readonly extensions: ReadonlySet<string>;
  /** The authority's key, in SSH's wire form. */
  readonly authority: Buffer;
}

const suffix = "-cert-v01@openssh.com";
const longest = 16 * 1024;
/** As OpenSSH: more principals are no certificate. */
const mostPrincipals = 256;

export function isCertificate(blob: Buffer): boolean {
  return typeIn(blob)?.endsWith(suffix) ?? false;
}

/** Throws Malformed: also where it is not signed by the authority that it names. */
export function readCertificate(blob: Buffer): Certificate {
  if (blob.length > longest) throw new Malformed("it is too long");
  const fields = new Fields(blob);
  const type = fields.text();
  if (!type.endsWith(suffix)) throw new Malformed("it is no certificate");
  fields.bytesField(); // A nonce, so that nobody can choose what the authority signs.
  const key = keyFields(type.slice(0, -suffix.length), fields);
  const serial = fields.uint64();
  const kind = fields.uint32();
  if (kind !== 1 && kind !== 2) throw new Malformed("it is for neither users nor hosts");
  const certificate = {
    ...{ key, serial, kind: kind === 1 ? ("user" as const) : ("host" as const) },
    keyId: fields.text(),
    principals: names(fields.bytesField()),
    validAfter: fields.uint64(),
    validBefore: fields.uint64(),
    critical: criticalOptions(fields.bytesField()),
    extensions: new Set(options(fields.bytesField()).keys()),
  };
  fields.bytesField(); // Reserved.
  const authority = fields.bytesField();
  const signed = blob.subarray(0, fields.at);
  const signature = fields.bytesField();
  fields.end();
  // An authority is a plain key: certificates do not chain.
  if (!verifies(readPublicKey(authority), signed, signature)) throw new Malformed("its signature is wrong");
  return { ...certificate, authority };
}

function typeIn(blob: Buffer): string | undefined {
  try {
    return new Fields(blob).text();
  } catch {
    return undefined;
  }
}

function names(list: Buffer): string[] {
  const fields = new Fields(list);
  const found: string[] = [];
  while (!fields.done) {
    if (found.length === mostPrincipals) throw new Malformed("it has too many principals");
    found.push(fields.text());
  }
  return found;
}

/** Each value is empty, or a string in a string. */
function criticalOptions(list: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, data] of options(list)) {
    const value = new Fields(data);
    found.set(name, value.done ? "" : value.text());
    value.end();
  }
  return found;
}

/** Pairs in lexical order, each name once. What an extension's value means is its reader's to know. */
function options(list: Buffer): Map<string, Buffer> {
  const fields = new Fields(list);
  const found = new Map<string, Buffer>();
  let last = "";
  while (!fields.done) {
    const name = fields.text();
    if (name <= last) throw new Malformed("its options are not in order");
    last = name;
    found.set(name, fields.bytesField());
  }
  return found;
}
