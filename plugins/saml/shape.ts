import { checkSignature } from "./signature.ts";
import { childElements, childrenNamed, elementsBelow, isNamed, must, onlyChild, parseXml } from "./xml.ts";

const success = "urn:oasis:names:tc:SAML:2.0:status:Success";

export interface ResponseShape {
  /** The request that it says to answer; the signed assertion must say the same. */
  readonly inResponseTo: string;
}

/**
 * That a response has the one shape in which every reader finds the same assertion, and that this one is signed: what
 * signature wrapping needs is a second place to look at. Nothing is verified yet. Throws NotAccepted.
 * ("On Breaking SAML: Be Whoever You Want to Be", Somorovsky et al., 2012.)
 */
export function responseShape(xml: string, assertionConsumer: string): ResponseShape {
  const document = parseXml(xml);
  const response = document.documentElement;
  const all = elementsBelow(document);
  must(isNamed(response, "protocol", "Response"), "the message is no SAML response");
  must(response.getAttribute("Version") === "2.0", "the response is not of SAML 2.0");
  must(called(all, "Response").length === 1, "there is a response within the response");
  checkStatus(response);
  must(called(all, "EncryptedAssertion").length === 0, "the assertion is encrypted, which is not supported");
  const [assertion, ...more] = called(all, "Assertion");
  must(assertion !== undefined, "the response has no assertion");
  must(more.length === 0, "the response has more than one assertion");
  must(
    isNamed(assertion, "assertion", "Assertion") && assertion.parentNode === response,
    "the assertion is not where it belongs, directly in the response",
  );
  mustHoldOnly(response);
  checkIds(all);
  checkSignatures(called(all, "Signature"), response, assertion);
  if (response.hasAttribute("Destination")) {
    must(response.getAttribute("Destination") === assertionConsumer, "the response has another destination");
  }
  const inResponseTo = response.getAttribute("InResponseTo") ?? "";
  must(inResponseTo !== "", "the response answers no request (InResponseTo): logins begin at the gateway");
  return { inResponseTo };
}

/** By local name alone, so that a namespace of one's own hides nothing. */
function called(elements: readonly Element[], name: string): Element[] {
  return elements.filter(({ localName }) => localName === name);
}

function checkStatus(response: Element): void {
  const status = onlyChild(response, "protocol", "Status");
  const code = onlyChild(status, "protocol", "StatusCode");
  const detail = childrenNamed(code, "protocol", "StatusCode")[0];
  const said = [code, detail].map((each) => each?.getAttribute("Value")?.split(":").at(-1) ?? "");
  must(
    code.getAttribute("Value") === success,
    `the identity provider answered ${said.filter(Boolean).join("/").slice(0, 200)}`,
  );
}

function mustHoldOnly(response: Element): void {
  const names = childElements(response).map(({ localName }) => localName);
  const known = ["Issuer", "Signature", "Status", "Assertion"];
  const strangers = names.filter((name) => !known.includes(name));
  must(strangers.length === 0, `the response holds ${strangers.join(", ").slice(0, 200)} as well`);
}

export function checkIds(elements: readonly Element[]): void {
  const ids = elements.flatMap((element) =>
    Array.from(element.attributes)
      .filter(({ localName, name }) => /^id$/i.test(localName ?? name))
      .map(({ value }) => value),
  );
  must(new Set(ids).size === ids.length, "two elements have the same ID");
}

function checkSignatures(signatures: readonly Element[], response: Element, assertion: Element): void {
  const of = (owner: Element) => signatures.filter((signature) => signature.parentNode === owner);
  const [own, ...more] = of(assertion);
  must(own !== undefined, "the assertion is not signed");
  const outer = of(response);
  must(
    more.length === 0 && outer.length <= 1 && signatures.length === 1 + outer.length,
    "there are more signatures than one of the assertion and one of the response",
  );
  checkSignature(own, assertion);
  for (const each of outer) checkSignature(each, response);
}
