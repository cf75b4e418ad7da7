import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { SignedXml } from "xml-crypto";

export const algorithm = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};
export const rsaSha256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
export const sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
export const exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
const enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/** What an identity provider says; a forger says what it likes. */
export interface Claims {
  readonly request: string;
  readonly recipient: string;
  readonly audience: string;
  readonly issuer?: string;
  /** XML inside NameID. */
  readonly subject?: string;
  readonly nameIdFormat?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  readonly session?: string;
  readonly id?: string;
  /** Epoch milliseconds. */
  readonly from?: number;
  readonly until?: number;
  readonly confirmedUntil?: number;
  readonly sessionEnds?: number;
  /** XML inside Conditions. */
  readonly conditions?: string;
}

export interface SignedOut {
  readonly destination: string;
  readonly nameId?: string;
  readonly sessions?: readonly string[];
  readonly made?: number;
}

export interface Signing {
  readonly signatureMethod?: string;
  readonly digestMethod?: string;
  readonly transforms?: readonly string[];
  readonly canonicalisation?: string;
  /** Puts the signer's certificate into KeyInfo. */
  readonly keyInfo?: boolean;
}

/** An identity provider with a key: it signs what it is told to, right or wrong. */
export class TestIdp {
  readonly entryPoint = "https://idp.example.com/sso";
  readonly logoutUrl = "https://idp.example.com/slo";

  private constructor(
    readonly entityId: string,
    readonly key: string,
    readonly certificate: string,
  ) {}

  static async create(entityId = "https://idp.example.com"): Promise<TestIdp> {
    const { keys, pem } = await selfSigned(algorithm);
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
    return new TestIdp(entityId, x509.PemConverter.encode(pkcs8, "PRIVATE KEY"), pem);
  }

  metadata(certificates: readonly string[] = [this.certificate]): string {
    const keys = certificates.map((pem) => {
      const base64 = pem.replace(/-----[A-Z ]+-----|\s/g, "");
      return `<KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`;
    });
    return `<?xml version="1.0"?><!-- of the test --><EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${this.entityId}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${keys.join("")}<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${this.logoutUrl}"/><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${this.entryPoint}"/></IDPSSODescriptor></EntityDescriptor>`;
  }

  /** An assertion, not signed yet. */
  assertion(claims: Claims): string {
    const now = Date.now();
    const at = (time: number) => new Date(time).toISOString();
    const until = claims.until ?? now + 300_000;
    const attributes = Object.entries({ groups: ["staff"], ...claims.attributes }).map(
      ([name, values]) =>
        `<saml:Attribute Name="${name}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join("")}</saml:Attribute>`,
    );
    const ends = claims.sessionEnds === undefined ? "" : ` SessionNotOnOrAfter="${at(claims.sessionEnds)}"`;
    return [
      `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${claims.id ?? `_${crypto.randomUUID()}`}" Version="2.0" IssueInstant="${at(now)}">`,
      `<saml:Issuer>${claims.issuer ?? this.entityId}</saml:Issuer>`,
      `<saml:Subject><saml:NameID Format="${claims.nameIdFormat ?? "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"}">${claims.subject ?? "alice"}</saml:NameID>`,
      `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="${claims.request}" Recipient="${claims.recipient}" NotOnOrAfter="${at(claims.confirmedUntil ?? until)}"/></saml:SubjectConfirmation></saml:Subject>`,
      `<saml:Conditions NotBefore="${at(claims.from ?? now - 5_000)}" NotOnOrAfter="${at(until)}"><saml:AudienceRestriction><saml:Audience>${claims.audience}</saml:Audience></saml:AudienceRestriction>${claims.conditions ?? ""}</saml:Conditions>`,
      `<saml:AuthnStatement AuthnInstant="${at(now)}" SessionIndex="${claims.session ?? "session-1"}"${ends}><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`,
      `<saml:AttributeStatement>${attributes.join("")}</saml:AttributeStatement></saml:Assertion>`,
    ].join("");
  }

  /** A response around whatever it is given. */
  response({ request, recipient }: Claims, content: string): string {
    return [
      `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_${crypto.randomUUID()}" Version="2.0" IssueInstant="${new Date().toISOString()}" Destination="${recipient}" InResponseTo="${request}">`,
      `<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${this.entityId}</saml:Issuer>`,
      '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>',
      `${content}</samlp:Response>`,
    ].join("");
  }

  /** Signs the first element of this name, and puts the signature after its issuer. */
  sign(xml: string, element: "Assertion" | "Response" | "LogoutRequest", signing: Signing = {}): string {
    const signer = new SignedXml({
      privateKey: this.key,
      publicCert: this.certificate,
      signatureAlgorithm: (signing.signatureMethod ?? rsaSha256) as never,
      canonicalizationAlgorithm: (signing.canonicalisation ?? exclusive) as never,
      ...(signing.keyInfo ? {} : { getKeyInfoContent: () => null }),
    });
    const xpath = `(//*[local-name(.)='${element}'])[1]`;
    signer.addReference({
      xpath,
      transforms: [...(signing.transforms ?? [enveloped, exclusive])],
      digestAlgorithm: (signing.digestMethod ?? sha256) as never,
    });
    signer.computeSignature(xml, {
      prefix: "ds",
      location: { reference: `${xpath}/*[local-name(.)='Issuer']`, action: "after" },
    });
    return signer.getSignedXml();
  }

  /** A logout request, not signed yet. `made`: epoch milliseconds. */
  logoutRequest({
    destination,
    nameId = "alice",
    sessions = ["session-1"],
    made = Date.now(),
  }: SignedOut): string {
    return [
      `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_${crypto.randomUUID()}" Version="2.0" IssueInstant="${new Date(made).toISOString()}" Destination="${destination}">`,
      `<saml:Issuer>${this.entityId}</saml:Issuer><saml:NameID>${nameId}</saml:NameID>`,
      ...sessions.map((index) => `<samlp:SessionIndex>${index}</samlp:SessionIndex>`),
      "</samlp:LogoutRequest>",
    ].join("");
  }

  /** What an honest one answers. */
  answer(claims: Claims, signing: Signing = {}): string {
    return this.response(claims, this.sign(this.assertion(claims), "Assertion", signing));
  }
}

export async function selfSigned(
  signingAlgorithm: RsaHashedKeyGenParams | (EcKeyGenParams & EcdsaParams),
): Promise<{ keys: CryptoKeyPair; pem: string }> {
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=idp",
    keys,
    signingAlgorithm,
  });
  return { keys, pem: made.toString("pem") };
}
