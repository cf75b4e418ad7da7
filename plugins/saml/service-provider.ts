import { SAML } from "@node-saml/node-saml";
import { NotAccepted } from "../../core/plugin.ts";
import { type ReadAssertion, readAssertion } from "./assertion.ts";
import type { Terms } from "./terms.ts";

/** Our side of the web browser profile, at the address where it is reached. */
export class ServiceProvider {
  readonly assertionConsumer: string;
  /** Where the identity provider says that somebody has signed out. */
  readonly singleLogout: string;

  constructor(
    readonly terms: Terms,
    url: string,
  ) {
    this.assertionConsumer = `${url}/acs`;
    this.singleLogout = `${url}/slo`;
  }

  metadata(): string {
    return this.#saml().generateServiceProviderMetadata(null, null);
  }

  /** Where to send the browser with a request of this id (HTTP-Redirect binding). */
  loginUrl(request: string, relayState: string): Promise<string> {
    return this.#saml(request).getAuthorizeUrlAsync(relayState, undefined, {});
  }

  /**
   * Verifies the assertion of a response whose shape has been checked, and reads it from what is signed.
   * Throws NotAccepted.
   */
  async verified(xml: string, request: string): Promise<ReadAssertion> {
    const { idp, reading, clockSkew } = this.terms;
    const { assertionConsumer } = this;
    const SAMLResponse = Buffer.from(xml).toString("base64");
    const { profile } = await this.#saml().validatePostResponseAsync({ SAMLResponse }).catch(notAccepted);
    const signed = profile?.getAssertionXml?.();
    if (signed === undefined) throw new NotAccepted("saml: nothing in the response is signed");
    return readAssertion(signed, { ...reading, request, assertionConsumer, issuer: idp.entityId, clockSkew });
  }

  /** Verifies the signature, issuer and end of a logout request whose shape has been checked. Throws NotAccepted. */
  async verifyLogout(xml: string): Promise<void> {
    const SAMLRequest = Buffer.from(xml).toString("base64");
    await this.#saml().validatePostRequestAsync({ SAMLRequest }).catch(notAccepted);
  }

  /** Where to send the browser once the access that a logout request is about has ended; undefined: nowhere. */
  async loggedOutUrl(request: string, relayState: string | undefined): Promise<string | undefined> {
    if (this.terms.idp.logoutUrl === undefined) return undefined;
    const about = { ID: request, issuer: "", nameID: "", nameIDFormat: "" };
    return await this.#saml().getLogoutResponseUrlAsync(about, relayState ?? "", {}, true);
  }

  #saml(request = `_${crypto.randomUUID()}`): SAML {
    const { entityId, idp, clockSkew } = this.terms;
    return new SAML({
      issuer: entityId,
      audience: entityId,
      callbackUrl: this.assertionConsumer,
      entryPoint: idp.entryPoint,
      logoutCallbackUrl: this.singleLogout,
      ...(idp.logoutUrl === undefined ? {} : { logoutUrl: idp.logoutUrl }),
      idpIssuer: idp.entityId,
      idpCert: [...idp.certificates],
      generateUniqueId: () => request,
      acceptedClockSkewMs: clockSkew,
      wantAssertionsSigned: true,
      // A signature of the response is verified where there is one, and never stands in for the assertion's.
      wantAuthnResponseSigned: false,
      // The provider knows best how its people prove themselves, and what it calls them.
      disableRequestedAuthnContext: true,
      identifierFormat: null,
    });
  }
}

function notAccepted(cause: unknown): never {
  throw new NotAccepted(`saml: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}
