import type { X509Certificate } from "node:crypto";
import { type Identity, NotAccepted, type OpenIdentityProvider } from "../../core/plugin.ts";
import { type Authority, authoritiesIn, isCurrent, signersOf } from "./authorities.ts";
import { callerFlaw } from "./extensions.ts";
import type { MtlsOptions } from "./index.ts";
import { isName, namesIn, type Place } from "./names.ts";
import { listsIn, revocation } from "./revocations.ts";
import { Watched } from "./watched.ts";
import { X509Certificate as Parsed } from "./x509.ts";

type Terms = MtlsOptions & { readonly subject: Place };

/** Throws PosternError `mtls.files`. */
export async function openCertificates(terms: Terms): Promise<OpenIdentityProvider> {
  const { ca, crl } = terms;
  const authorities = new Watched(ca, (text) => authoritiesIn(ca, text));
  const lists = crl === undefined ? undefined : new Watched(crl, (text) => listsIn(crl, text));
  await Promise.all([authorities.get(), lists?.get()]);
  return {
    identify: async () => undefined,
    vouchesFor: ({ issuer }) =>
      terms.issuer === undefined ? issuer.startsWith("mtls:") : issuer === terms.issuer,
    async certified(certificate) {
      const signers = signersOf(certificate, await authorities.get());
      if (signers.length === 0) return undefined;
      const now = Date.now();
      const parsed = new Parsed(certificate.raw);
      if (parsed.notBefore.getTime() > now) throw new NotAccepted("the certificate is not valid yet");
      if (!isCurrent(parsed, now)) throw new NotAccepted("the certificate has expired");
      const authority = signers.find((signer) => isCurrent(signer.parsed, now));
      if (!authority) throw new NotAccepted("the certificate's authority has expired");
      const flaw =
        callerFlaw(parsed) ?? (lists && (await revocation(parsed, authority, await lists.get(), now)));
      if (flaw !== undefined) throw new NotAccepted(`the certificate is not accepted: ${flaw}`);
      return identityOf(certificate, parsed, authority, terms);
    },
  };
}

function identityOf(
  { fingerprint256 }: X509Certificate,
  parsed: Parsed,
  authority: Authority,
  { subject, kind, groups, person, issuer }: Terms,
): Identity {
  const [name] = namesIn(parsed, "cn");
  const same = person === undefined ? undefined : only(parsed, person);
  return {
    issuer: issuer ?? `mtls:${authority.name}`,
    subject: only(parsed, subject),
    kind,
    groups: groups === undefined ? [] : namesIn(parsed, groups).filter(isName),
    ...(name === undefined || !isName(name) ? {} : { name }),
    ...(same === undefined ? {} : { person: same }),
    credentialId: `sha256:${fingerprint256.replaceAll(":", "").toLowerCase()}`,
    issuedAt: parsed.notBefore.getTime(),
    expires: parsed.notAfter.getTime(),
  };
}

/** One name, or nobody knows which of them is meant. */
function only(certificate: Parsed, place: Place): string {
  const names = namesIn(certificate, place);
  const [name] = names;
  if (names.length === 1 && name !== undefined && isName(name)) return name;
  const found = names.length === 1 ? "one that is no name" : String(names.length);
  throw new NotAccepted(`the certificate must have one ${place} and has ${found}`);
}
