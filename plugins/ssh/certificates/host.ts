import { PosternError } from "../../../core/plugin.ts";
import { readCertificate } from "../keys/certificate.ts";
import { Fields, Malformed } from "../keys/fields.ts";
import { keyFields } from "../keys/public-key.ts";
import { string } from "../message.ts";

/**
 * The key that a host's certificate is about, in SSH's wire form: signed by one of these authorities, for this name,
 * now (OpenSSH's PROTOCOL.certkeys). Throws PosternError `resource.host-key`.
 */
export function certifiedHostKey(blob: Buffer, host: string, authorities: readonly Buffer[]): Buffer {
  const flaw = (why: string) =>
    new PosternError(
      "resource.host-key",
      "The host's certificate does not prove that it is the host of the policy.",
      {
        hint: "The operator finds in the log what is wrong with it.",
        todo: `Sign the host's key anew (ssh-keygen -s CA -h -n ${host} …), with the authority whose key is in hostCa; where it is not the host's key at all, somebody answers in its place.`,
        cause: new Error(`${host}: ${why}`),
      },
    );
  try {
    const { authority, critical, kind, principals, validAfter, validBefore } = readCertificate(blob);
    const now = BigInt(Math.floor(Date.now() / 1000));
    if (kind !== "host") throw flaw("it is a user's");
    if (!authorities.some((each) => each.equals(authority))) throw flaw("another authority signed it");
    if (now < validAfter || now >= validBefore) throw flaw("it is not valid now");
    if (!principals.some((name) => matches(name, host)))
      throw flaw(`it is for ${principals.join(", ") || "no name"}`);
    if (critical.size > 0) throw flaw(`it has the critical option ${[...critical.keys()].join(", ")}`);
    return plainKey(blob);
  } catch (error) {
    if (error instanceof Malformed) throw flaw(error.message);
    throw error;
  }
}

/** The fields of the key stand in the certificate as in the key itself, behind a nonce. */
function plainKey(blob: Buffer): Buffer {
  const fields = new Fields(blob);
  const type = fields.text().replace(/-cert-v01@openssh\.com$/, "");
  fields.bytesField();
  const from = fields.at;
  keyFields(type, fields);
  return Buffer.concat([string(type), blob.subarray(from, fields.at)]);
}

/** As OpenSSH compares them: `*` and `?` in the certificate's name, letters of any case. */
function matches(pattern: string, host: string): boolean {
  const literal = pattern.replaceAll(/[^A-Za-z0-9*?]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("*", ".*").replaceAll("?", ".")}$`, "i").test(host);
}
