import { readFile } from "node:fs/promises";
import {
  type Identity,
  type IdentityProvider,
  oneOf,
  onlyKnown,
  PosternError,
} from "../../../core/plugin.ts";
import { certified, type SubjectTerms } from "./certified.ts";
import { keyInLine } from "./line.ts";
import { fingerprint } from "./public-key.ts";

const subjects = ["principal", "keyId"] as const;

export interface SshCaOptions {
  /** Files with the public keys of the authority, one a line (`ca.pub`). */
  readonly ca: string | readonly string[];
  readonly kind: Identity["kind"];
  /** What the identity is called by: the one principal that names no group (default), or the key id. */
  readonly subject?: (typeof subjects)[number];
  /** Principals that begin with this name groups: `group:`. Default: none does. */
  readonly groups?: string;
  /** What tells that this is the same person as another provider's identity. Default: nothing does. */
  readonly person?: (typeof subjects)[number];
  /** The issuer that rules and the trail know these identities by. Default: `ssh-ca:` and the first key's fingerprint. */
  readonly issuer?: string;
}

/**
 * Identities from OpenSSH user certificates, of an authority of the operator's choice.
 *
 *     sshCa({ ca: "people-ca.pub", kind: "person", groups: "group:", person: "keyId" })
 *
 * What a certificate has opened ends when a policy follows that does not name its authority's key any more.
 *
 * Throws PosternError `policy.option`; its `open` throws `ssh.ca`, `ssh.public-key`.
 */
export function sshCa(options: SshCaOptions): IdentityProvider {
  onlyKnown<SshCaOptions>("sshCa", options, {
    ...{ ca: true, kind: true, subject: true, groups: true, person: true, issuer: true },
  });
  const { kind, subject = "principal", groups, person } = options;
  const files = [options.ca].flat();
  oneOf("kind of sshCa()", kind, ["person", "machine"]);
  oneOf("subject of sshCa()", subject, subjects);
  if (person !== undefined) oneOf("person of sshCa()", person, subjects);
  if (files.length === 0 || groups === "") {
    throw new PosternError("policy.option", "sshCa() needs `ca`, a file, and a prefix as `groups`.", {
      hint: 'Write sshCa({ ca: "people-ca.pub", kind: "person", groups: "group:" }).',
    });
  }
  return {
    name: `ssh-ca ${files.join(", ")}`,
    async open() {
      const authorities = (await Promise.all(files.map(authoritiesIn))).flat();
      const [first] = authorities;
      if (!first) throw noAuthority(files.join(", "));
      const issuer = options.issuer ?? `ssh-ca:${fingerprint(first)}`;
      const terms: SubjectTerms = { issuer, kind, subject, groups, person };
      const fingerprints = new Set(authorities.map(fingerprint));
      return {
        identify: async () => undefined,
        vouchesFor: (identity) => identity.issuer === issuer && fingerprints.has(identity.authority ?? ""),
        keyed: async (offer) => certified(offer, authorities, terms),
      };
    },
  };
}

async function authoritiesIn(file: string): Promise<Buffer[]> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    const why = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new PosternError("ssh.ca", `The authority's public key ${file} cannot be read (${why}).`, {
      hint: "`ca` of sshCa() names a file that the gateway's user can read; a relative path begins where the gateway was started.",
      cause,
    });
  });
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return lines.map((line) => keyInLine(line, file));
}

function noAuthority(files: string): PosternError {
  return new PosternError("ssh.ca", `There is no public key in ${files}.`, {
    hint: "`ssh-keygen -t ed25519 -f ca` makes an authority; its ca.pub goes here.",
  });
}
