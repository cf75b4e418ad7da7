import type { Claims, TestIdp } from "./idp.ts";
import { wrappings } from "./wrapping.ts";

export interface Attack {
  /** What is posted. `stranger`: somebody with a key that the gateway does not know. */
  readonly forge: (idp: TestIdp, claims: Claims, stranger: TestIdp) => string;
  /** What the trail says of it. */
  readonly check: RegExp;
}

const minute = 60_000;
const sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
const rsaSha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const withComments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";

/** An honest answer about other claims. */
const claiming =
  (change: (claims: Claims) => Partial<Claims>): Attack["forge"] =>
  (idp, claims) =>
    idp.answer({ ...claims, ...change(claims) });

/** An honest answer, changed on its way. */
const changing =
  (change: (xml: string) => string): Attack["forge"] =>
  (idp, claims) =>
    change(idp.answer(claims));

const billion = Array.from({ length: 9 }, (_, at) => {
  return `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`;
}).join("");

/** Everything that must not be accepted, by what is wrong with it. */
export const attacks: Readonly<Record<string, Attack>> = {
  ...Object.fromEntries(
    Object.entries(wrappings).map(([name, forge]) => [
      name,
      { forge, check: /more than one assertion|a response within the response/ },
    ]),
  ),
  "a comment in the NameID": {
    forge: changing((xml) => xml.replace(">alice<", ">al<!-- -->ice<")),
    check: /a comment/,
  },
  "a comment in the NameID that the provider signed": {
    forge: claiming(() => ({ subject: "admin<!-- -->.evil.example" })),
    check: /a comment/,
  },
  "a processing instruction in the NameID": {
    forge: changing((xml) => xml.replace(">alice<", ">al<?x ?>ice<")),
    check: /a processing instruction/,
  },
  "an element in the NameID": {
    forge: claiming(() => ({ subject: "admin<x>.evil.example</x>" })),
    check: /NameID holds more than text/,
  },
  "CDATA in the NameID": {
    forge: changing((xml) => xml.replace(">alice<", "><![CDATA[alice]]><")),
    check: /CDATA/,
  },
  "an unsigned assertion in a signed response": {
    forge: (idp, claims) => idp.sign(idp.response(claims, idp.assertion(claims)), "Response"),
    check: /the assertion is not signed/,
  },
  "no signature at all": {
    forge: (idp, claims) => idp.response(claims, idp.assertion(claims)),
    check: /the assertion is not signed/,
  },
  "a changed subject": {
    forge: changing((xml) => xml.replace(">alice<", ">admin<")),
    check: /[Ii]nvalid signature/,
  },
  "a changed group": {
    forge: changing((xml) => xml.replace(">staff<", ">admins<")),
    check: /[Ii]nvalid signature/,
  },
  expired: {
    forge: claiming(() => ({ until: Date.now() - minute, from: Date.now() - 10 * minute })),
    check: /expired/,
  },
  "an expired confirmation": {
    forge: claiming(() => ({ confirmedUntil: Date.now() - minute })),
    check: /the confirmation of the subject has expired/,
  },
  "not valid yet": { forge: claiming(() => ({ from: Date.now() + minute })), check: /not yet valid/ },
  "an ended login session": {
    forge: claiming(() => ({ sessionEnds: Date.now() - minute })),
    check: /the login session has ended/,
  },
  "another recipient": {
    forge: (idp, claims) =>
      idp.response(
        claims,
        idp.sign(idp.assertion({ ...claims, recipient: "https://other.example/acs" }), "Assertion"),
      ),
    check: /for another recipient/,
  },
  "another destination": {
    forge: claiming(() => ({ recipient: "https://other.example/acs" })),
    check: /another destination/,
  },
  "another audience": {
    forge: claiming(() => ({ audience: "https://other.example" })),
    check: /audience mismatch/,
  },
  "another issuer": {
    forge: claiming(() => ({ issuer: "https://other-idp.example" })),
    check: /another issuer/,
  },
  "an answer to nothing": {
    forge: changing((xml) => xml.replaceAll(/ InResponseTo="[^"]*"/g, "")),
    check: /answers no request/,
  },
  "an answer to a request that nobody made": {
    forge: claiming(() => ({ request: "_made-up" })),
    check: /answers no login that began here/,
  },
  "an assertion that answers another request than its response": {
    forge: (idp, claims) =>
      idp.response(claims, idp.sign(idp.assertion({ ...claims, request: "_other" }), "Assertion")),
    check: /answers another request/,
  },
  "a SHA-1 signature": {
    forge: (idp, claims) => idp.answer(claims, { signatureMethod: rsaSha1 }),
    check: /signature algorithm .*rsa-sha1.* is not accepted/,
  },
  "a SHA-1 digest": {
    forge: (idp, claims) => idp.answer(claims, { digestMethod: sha1 }),
    check: /digest algorithm .*sha1.* is not accepted/,
  },
  "a canonicalisation with comments": {
    forge: (idp, claims) => idp.answer(claims, { canonicalisation: withComments }),
    check: /canonicalisation .* is not accepted/,
  },
  "another key, its certificate in KeyInfo": {
    forge: (_idp, claims, stranger) => stranger.answer(claims, { keyInfo: true }),
    check: /[Ii]nvalid signature/,
  },
  "a condition that nobody knows": {
    forge: claiming(() => ({ conditions: '<x:Only xmlns:x="urn:x" on="sunday"/>' })),
    check: /the condition Only is not known/,
  },
  "a transient NameID": {
    forge: claiming(() => ({ nameIdFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" })),
    check: /transient/,
  },
  "an empty NameID": { forge: claiming(() => ({ subject: "" })), check: /NameID is empty/ },
  "two signed assertions": {
    forge: (idp, claims) => {
      const signed = () => idp.sign(idp.assertion(claims), "Assertion");
      return idp.response(claims, `${signed()}${signed()}`);
    },
    check: /more than one assertion/,
  },
  "an encrypted assertion": {
    forge: (idp, claims) =>
      idp.response(
        claims,
        '<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><a/></saml:EncryptedAssertion>',
      ),
    check: /encrypted/,
  },
  "a refusal by the provider": {
    forge: changing((xml) => xml.replace("status:Success", "status:Responder")),
    check: /the identity provider answered Responder/,
  },
  "billion laughs": {
    forge: changing(
      (xml) => `<!DOCTYPE r [<!ENTITY l0 "lol">${billion}]>${xml.replace(">alice<", ">&l9;<")}`,
    ),
    check: /document type/,
  },
  "an external entity": {
    forge: changing(
      (xml) => `<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>${xml.replace(">alice<", ">&x;<")}`,
    ),
    check: /document type/,
  },
  "a parameter entity": {
    forge: changing((xml) => `<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]>${xml}`),
    check: /document type/,
  },
  "a document type after an XML declaration": {
    forge: changing((xml) => `<?xml version="1.0"?>\n<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd">${xml}`),
    check: /document type/,
  },
  "an entity that is not declared": {
    forge: changing((xml) => xml.replace(">alice<", ">&admin;<")),
    check: /not well-formed|[Ii]nvalid signature/,
  },
  "XML that is not well-formed": {
    forge: changing((xml) => xml.replace("</saml:Assertion>", "")),
    check: /not well-formed/,
  },
  "text after the response": { forge: changing((xml) => `${xml}<evil/>`), check: /not well-formed/ },
  "a huge response": {
    forge: changing((xml) => xml.replace(">alice<", `>${"a".repeat(600_000)}<`)),
    check: /longer than \d+ bytes/,
  },
  "a response of many elements": {
    forge: changing((xml) => xml.replace("<samlp:Status>", `${"<a/>".repeat(4_000)}<samlp:Status>`)),
    check: /more than \d+ elements/,
  },
  "a response of many attributes": {
    forge: changing((xml) => {
      const many = Array.from({ length: 6_000 }, (_, at) => `a${at}="1"`).join(" ");
      return xml.replace("<samlp:Status>", `<samlp:Status ${many}>`);
    }),
    check: /more than \d+ attributes/,
  },
  "a response of deep elements": {
    forge: changing((xml) =>
      xml.replace("<samlp:Status>", `${"<a>".repeat(1_000)}${"</a>".repeat(1_000)}<samlp:Status>`),
    ),
    check: /holds a as well|RangeError|call stack/,
  },
};
