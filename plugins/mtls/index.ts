import { type Identity, type IdentityProvider, oneOf, onlyKnown, PosternError } from "../../core/plugin.ts";

/** Where a certificate says who it is for: its common name, or its one subject alternative name of this kind. */
const subjects = ["cn", "email", "dns", "uri"] as const;
const units = ["ou", "o"] as const;

export interface MtlsOptions {
  /** PEM file of the authorities that sign these certificates themselves. Read again when it changes. */
  readonly ca: string;
  readonly kind: Identity["kind"];
  /** What the identity is called by. Default `cn`; `uri` for SPIFFE. */
  readonly subject?: (typeof subjects)[number];
  /** The groups: all organizational units, or organizations, of the certificate's subject. Default: none. */
  readonly groups?: (typeof units)[number];
  /** What tells that this is the same person as another provider's identity. Default: nothing does. */
  readonly person?: "cn" | "email";
  /** The issuer that rules and the trail know these identities by. Default: `mtls:` and the authority's name. */
  readonly issuer?: string;
  /** PEM file of the authorities' revocation lists; with it, a certificate needs a current list. */
  readonly crl?: string;
}

/**
 * Identities from client certificates, of an authority of the operator's choice. The listener's `clientCa` must
 * let them in; this decides by itself whether one is an identity.
 *
 *     mtls({ ca: "people-ca.crt", kind: "person", subject: "email", groups: "ou", person: "email" })
 *     mtls({ ca: "spire-bundle.pem", kind: "machine", subject: "uri" })
 *
 * Throws PosternError `policy.option`; its `open` throws `mtls.files`.
 */
export function mtls(options: MtlsOptions): IdentityProvider {
  onlyKnown<MtlsOptions>("mtls", options, {
    ...{ ca: true, kind: true, subject: true, groups: true, person: true, issuer: true, crl: true },
  });
  const { ca, kind, subject = "cn", groups, person } = options;
  oneOf("kind of mtls()", kind, ["person", "machine"]);
  oneOf("subject of mtls()", subject, subjects);
  if (groups !== undefined) oneOf("groups of mtls()", groups, units);
  if (person !== undefined) oneOf("person of mtls()", person, ["cn", "email"]);
  if (typeof ca !== "string" || ca === "") {
    throw new PosternError("policy.option", "mtls() needs `ca`, the file of the authorities.");
  }
  return {
    name: `mtls ${ca}`,
    async open() {
      // Only policies that use it pay for the parser of certificates.
      const { openCertificates } = await import("./certificates.ts");
      return openCertificates({ ...options, subject });
    },
  };
}
