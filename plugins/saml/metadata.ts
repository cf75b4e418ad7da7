import type { IdentityProviderTerms } from "./idp.ts";
import {
  childrenNamed,
  elementsBelow,
  instantOf,
  isNamed,
  must,
  onlyChild,
  parseXml,
  textOf,
} from "./xml.ts";

const redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";

/**
 * An identity provider's metadata (SAML metadata 2.4.3). Its own signature is not looked at: the operator put the file
 * there. Throws NotAccepted.
 */
export function readMetadata(xml: string): IdentityProviderTerms {
  const entity = parseXml(withoutComments(xml)).documentElement;
  must(isNamed(entity, "metadata", "EntityDescriptor"), "the file is no EntityDescriptor");
  const ends = instantOf(entity, "validUntil");
  must(ends === undefined || ends > Date.now(), "the metadata has expired (validUntil)");
  const role = onlyChild(entity, "metadata", "IDPSSODescriptor");
  const service = serviceOf(role, "SingleSignOnService");
  must(service !== undefined, "no SingleSignOnService takes HTTP-Redirect");
  const certificates = childrenNamed(role, "metadata", "KeyDescriptor")
    .filter((key) => (key.getAttribute("use") || "signing") === "signing")
    .flatMap(elementsBelow)
    .filter((element) => isNamed(element, "signature", "X509Certificate"))
    .map((element) => pem(textOf(element)));
  must(certificates.length > 0, "there is no signing certificate");
  const logout = serviceOf(role, "SingleLogoutService");
  const logoutUrl = logout?.getAttribute("ResponseLocation") || logout?.getAttribute("Location");
  return {
    entityId: entity.getAttribute("entityID") ?? "",
    entryPoint: service.getAttribute("Location") ?? "",
    ...(logoutUrl ? { logoutUrl } : {}),
    certificates,
  };
}

function serviceOf(role: Element, name: string): Element | undefined {
  return childrenNamed(role, "metadata", name).find((each) => each.getAttribute("Binding") === redirect);
}

/** Unlike a message, a file may explain itself. */
function withoutComments(xml: string): string {
  return xml.replace(/<!--[\s\S]*?-->/g, "");
}

function pem(base64: string): string {
  const lines = base64.replace(/\s/g, "").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
