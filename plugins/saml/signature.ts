import { childElements, isNamed, must } from "./xml.ts";

const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
const enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/** What node-saml can verify, without SHA-1. */
const signatureMethods = [
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
  "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
  "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
];
const digestMethods = ["http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512"];

/**
 * That a signature can mean one thing only, before anybody computes it: it lies in the element that it signs, and
 * signs all of it (SAML core 5.4), by the usual canonicalisation and without SHA-1. Throws NotAccepted.
 */
export function checkSignature(signature: Element, signed: Element): void {
  const [info, value, ...keys] = childElements(signature);
  must(
    info !== undefined &&
      value !== undefined &&
      areNamed(
        [info, value, ...keys],
        ["SignedInfo", "SignatureValue", ...(keys.length > 0 ? ["KeyInfo"] : [])],
      ),
    "the signature holds more than what it signs, its value and its key",
  );
  const parts = childElements(info);
  const [canonical, method, reference] = parts;
  must(
    canonical !== undefined &&
      method !== undefined &&
      reference !== undefined &&
      areNamed(parts, ["CanonicalizationMethod", "SignatureMethod", "Reference"]),
    "the signature signs more than one reference",
  );
  mustUse([exclusive], "canonicalisation", canonical);
  mustUse(signatureMethods, "signature algorithm", method);
  const id = signed.getAttribute("ID") ?? "";
  must(
    /^[A-Za-z_][\w.-]*$/.test(id) && reference.getAttribute("URI") === `#${id}`,
    `the signature in ${signed.localName} does not refer to it`,
  );
  const [transforms, digest, ...rest] = childElements(reference);
  must(
    transforms !== undefined &&
      digest !== undefined &&
      areNamed([transforms, digest, ...rest], ["Transforms", "DigestMethod", "DigestValue"]),
    "the reference of the signature is not transforms, digest method and digest",
  );
  const [first, second, ...others] = childElements(transforms);
  must(
    first !== undefined && second !== undefined && others.length === 0,
    "the signature has other transforms than enveloped-signature and exclusive canonicalisation",
  );
  mustUse([enveloped], "transform", first);
  mustUse([exclusive], "transform", second);
  mustUse(digestMethods, "digest algorithm", digest);
}

function areNamed(elements: readonly Element[], names: readonly string[]): boolean {
  return (
    elements.length === names.length &&
    elements.every((each, at) => isNamed(each, "signature", names[at] ?? ""))
  );
}

function mustUse(allowed: readonly string[], what: string, element: Element): void {
  const used = element.getAttribute("Algorithm") ?? "";
  must(allowed.includes(used), `the ${what} ${JSON.stringify(used.slice(0, 100))} is not accepted`);
}
