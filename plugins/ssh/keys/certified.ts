import { blockOf, comesFrom, type Identity, type KeyOffer, NotAccepted } from "../../../core/plugin.ts";
import { type Certificate, isCertificate, readCertificate } from "./certificate.ts";
import { Malformed } from "./fields.ts";
import { fingerprint } from "./public-key.ts";

/** How a certificate becomes an identity: see `SshCaOptions`. */
export interface SubjectTerms {
  readonly issuer: string;
  readonly kind: Identity["kind"];
  readonly subject: "principal" | "keyId";
  readonly groups: string | undefined;
  readonly person: "principal" | "keyId" | undefined;
}

/** What the gateway honours; a certificate with any other critical option is refused (PROTOCOL.certkeys). */
const honoured = new Set(["force-command", "source-address"]);

/** undefined: no certificate, or of none of these authorities. Throws NotAccepted. */
export function certified(
  { key, remote }: KeyOffer,
  authorities: readonly Buffer[],
  terms: SubjectTerms,
): Identity | undefined {
  const blob = Buffer.from(key);
  if (!isCertificate(blob)) return undefined;
  const certificate = read(blob);
  if (!certificate || !authorities.some((each) => each.equals(certificate.authority))) return undefined;
  const { validAfter, validBefore, serial } = certificate;
  refuse(certificate, remote);
  const expires = milliseconds(validBefore);
  const issuedAt = validAfter === 0n ? undefined : milliseconds(validAfter);
  return {
    ...named(certificate, terms),
    ...(expires === undefined ? {} : { expires }),
    ...(issuedAt === undefined ? {} : { issuedAt }),
    credentialId: serial === 0n ? fingerprint(blob) : String(serial),
    authority: fingerprint(certificate.authority),
  };
}

function read(blob: Buffer): Certificate | undefined {
  try {
    return readCertificate(blob);
  } catch (error) {
    // Also one that only says it is of a known authority: whoever made it is nobody here.
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

function refuse({ kind, principals, validAfter, validBefore, critical }: Certificate, remote: string): void {
  if (kind !== "user") throw new NotAccepted("ssh-ca: the certificate is one for hosts");
  if (principals.length === 0) throw new NotAccepted("ssh-ca: the certificate names no principal");
  const now = BigInt(Math.floor(Date.now() / 1000));
  if (now < validAfter) throw new NotAccepted("ssh-ca: the certificate is not valid yet");
  if (now >= validBefore) throw new NotAccepted("ssh-ca: the certificate has expired");
  const strange = [...critical.keys()].find((name) => !honoured.has(name));
  if (strange !== undefined) {
    throw new NotAccepted(
      `ssh-ca: the certificate has the critical option ${strange}, which is not known here`,
    );
  }
  const from = critical.get("source-address");
  if (from !== undefined && !comesFromAny(from, remote)) {
    throw new NotAccepted(`ssh-ca: the certificate is good from ${from} only`);
  }
}

function comesFromAny(list: string, remote: string): boolean {
  try {
    return list.split(",").some((block) => comesFrom(blockOf(block), remote));
  } catch {
    throw new NotAccepted(`ssh-ca: ${JSON.stringify(list)} is no list of addresses`);
  }
}

function named({ principals, keyId }: Certificate, terms: SubjectTerms): Identity {
  const { issuer, kind, groups, person } = terms;
  const isGroup = (name: string) => groups !== undefined && name.startsWith(groups);
  // OpenSSH lets nobody in by an empty principal, and no rule means one.
  if (principals.some((name) => name === "" || name === groups))
    throw new NotAccepted("ssh-ca: the certificate has an empty principal or group");
  const [own, another] = principals.filter((name) => !isGroup(name));
  const names = { principal: another === undefined ? own : undefined, keyId: keyId || undefined };
  const subject = names[terms.subject];
  if (subject === undefined) {
    throw new NotAccepted(
      terms.subject === "keyId"
        ? "ssh-ca: the certificate has no key id"
        : "ssh-ca: the certificate names none or several principals that are no group: who is it?",
    );
  }
  const same = person === undefined ? undefined : names[person];
  return {
    ...{ issuer, subject, kind },
    groups: principals.filter(isGroup).map((name) => name.slice(groups?.length)),
    ...(same === undefined ? {} : { person: same }),
  };
}

/** Undefined: for ever, as what is signed without an end says. */
function milliseconds(seconds: bigint): number | undefined {
  const ms = seconds * 1000n;
  return ms > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(ms);
}
