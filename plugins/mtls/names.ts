import { SubjectAlternativeNameExtension, type X509Certificate } from "./x509.ts";

/** Where a certificate names somebody. */
export type Place = "cn" | "email" | "dns" | "uri" | "ou" | "o";

const fields = { cn: "CN", ou: "OU", o: "O" } as const;
const alternatives = { email: "email", dns: "dns", uri: "url" } as const;

/** All that a certificate says there, in its order. */
export function namesIn(certificate: X509Certificate, place: Place): string[] {
  if (place === "cn" || place === "ou" || place === "o") {
    return certificate.subjectName.getField(fields[place]);
  }
  const items = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return items.filter(({ type }) => type === alternatives[place]).map(({ value }) => value);
}

/** Whether a name can be one: what cannot be read in a list or a log could pass for another. */
export function isName(name: string): boolean {
  return name.length > 0 && name.length <= 1024 && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name);
}
