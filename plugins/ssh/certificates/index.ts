import { generateKeyPairSync, randomBytes } from "node:crypto";
import {
  type CredentialRequest,
  type CredentialSource,
  type Duration,
  milliseconds,
  oneOf,
  onlyKnown,
  PosternError,
  type ResourceCredential,
  type Secret,
} from "../../../core/plugin.ts";
import type { SshConfig } from "../config.ts";
import { opensshKey, publicBlob } from "../keys/openssh-key.ts";
import { mint } from "./mint.ts";

const extensions = [
  "permit-pty",
  "permit-port-forwarding",
  "permit-agent-forwarding",
  "permit-user-rc",
] as const;
export type CertificateExtension = (typeof extensions)[number];

export interface SshCertificatesOptions {
  /** The private key of the authority that hosts trust (`TrustedUserCAKeys`). */
  readonly ca: Secret;
  readonly passphrase?: Secret;
  /** How long one may be shown. Default 5m; the session may last longer. At most 1h. */
  readonly ttl?: Duration;
  /** Whom it is good for on the host, where that is not the login: with `AuthorizedPrincipalsFile`. */
  readonly principals?: readonly string[];
  /** What the host lets its sessions do. Default: `["permit-pty"]`. */
  readonly extensions?: readonly CertificateExtension[];
  /** The gateway's own addresses, as the host sees them: `["10.0.0.5/32"]`. It is good from nowhere else. */
  readonly sourceAddress?: readonly string[];
}

const longestTtl = 3_600_000;
/** Seconds by which the host's clock may be behind. */
const skew = 60;

/**
 * A key and a certificate of its own for each session, which name the person to the host.
 *
 *     ssh({ host, user, hostKey, credential: sshCertificates({ ca: env("SSH_CA_KEY") }) })
 *
 * Throws PosternError `resource.config`, `policy.option`.
 */
export function sshCertificates(options: SshCertificatesOptions): CredentialSource<SshConfig> {
  onlyKnown<SshCertificatesOptions>("sshCertificates", options, {
    ca: true,
    passphrase: true,
    ttl: true,
    principals: true,
    extensions: true,
    sourceAddress: true,
  });
  const { ca, passphrase, ttl = "5m", principals, sourceAddress } = options;
  const permitted = options.extensions ?? ["permit-pty"];
  for (const name of permitted) oneOf("sshCertificates({ extensions })", name, extensions);
  const lasts = milliseconds(ttl);
  if (lasts > longestTtl || lasts < 1_000) {
    throw new PosternError("resource.config", `sshCertificates({ ttl: "${ttl}" }): that is not 1s to 1h.`, {
      hint: "It is shown once, at the beginning: minutes are enough for a session of any length.",
    });
  }
  return {
    label: `certificate by ${ca.label}`,
    async issue(request) {
      const { privateKey } = await import("../host-login.ts");
      const authority = privateKey(await ca.read(), await passphrase?.read());
      const login = request.as ?? request.login ?? request.config.user;
      const now = Math.floor(Date.now() / 1000);
      const until = Math.min(now + Math.floor(lasts / 1000), Math.floor((request.until ?? Infinity) / 1000));
      // Not ssh2's: one in two hundred of its keys is malformed (a zero at the front is lost).
      const own = generateKeyPairSync("ed25519").privateKey;
      const serial = randomBytes(8).readBigUInt64BE();
      const certificate = mint(
        {
          publicKey: publicBlob(own).subarray(-32),
          serial,
          keyId: keyIdOf(request),
          principals: principals ?? [login],
          from: now - skew,
          until,
          extensions: permitted,
          ...(sourceAddress === undefined ? {} : { sourceAddress: sourceAddress.join(",") }),
        },
        authority,
      );
      return {
        value: `${opensshKey(own)}${certificate}\n`,
        id: `certificate ${serial}`,
        runsAs: login,
      } satisfies ResourceCredential;
    },
  };
}

/** `alice via postern ses_…`: what hosts write to their log, in ASCII and without line ends. */
function keyIdOf({ label }: CredentialRequest<SshConfig>): string {
  return label.replace(/[^\x20-\x7e]/g, "?").slice(0, 200);
}
