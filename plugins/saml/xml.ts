import { DOMParser } from "@xmldom/xmldom";
import { NotAccepted } from "../../core/plugin.ts";

export const namespaces = {
  protocol: "urn:oasis:names:tc:SAML:2.0:protocol",
  assertion: "urn:oasis:names:tc:SAML:2.0:assertion",
  metadata: "urn:oasis:names:tc:SAML:2.0:metadata",
  signature: "http://www.w3.org/2000/09/xmldsig#",
} as const;

/**
 * Elements and attributes of a message: enough for a thousand groups. Verifying a signature takes a tenth of a
 * millisecond for each, which anybody can ask for.
 */
const mostElements = 1_200;
const mostAttributes = 5_000;

/** What it says of a message that is not as it must be. Throws NotAccepted. */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new NotAccepted(`saml: ${otherwise}`);
}

/**
 * A document of elements and text alone. Nothing that begins with `<!` reaches the parser: no document type, so no
 * entities; no CDATA and no comments, which parsers and signatures see differently. Throws NotAccepted.
 */
export function parseXml(text: string): Document {
  must(!/<!DOCTYPE|<!ENTITY/i.test(text), "the message has a document type (DTD)");
  must(!text.includes("<!"), "the message has a comment or a CDATA section");
  const declared = /^\s*<\?xml\s[^?<>]*\?>/.exec(text)?.[0].length ?? 0;
  must(!text.includes("<?", declared), "the message has a processing instruction");
  const elements = countOf("<", text) - countOf("</", text);
  must(elements <= mostElements, `the message has more than ${mostElements} elements`);
  must(countOf("=", text) <= mostAttributes, `the message has more than ${mostAttributes} attributes`);
  const document = new DOMParser({ errorHandler: notWellFormed }).parseFromString(text, "text/xml");
  must(document?.documentElement != null, "the message is no XML");
  return document;
}

function notWellFormed(_level: string, said: unknown): never {
  throw new NotAccepted(`saml: the message is not well-formed XML (${String(said).split("\n")[0]})`);
}

function countOf(mark: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) count++;
  return count;
}

/** All elements below a node, in the order of the document. */
export function elementsBelow(node: Document | Element): Element[] {
  return Array.from(node.getElementsByTagName("*"));
}

export function isNamed(element: Element, namespace: keyof typeof namespaces, name: string): boolean {
  return element.namespaceURI === namespaces[namespace] && element.localName === name;
}

export function childElements(parent: Element): Element[] {
  return Array.from(parent.childNodes).filter((node): node is Element => node.nodeType === node.ELEMENT_NODE);
}

export function childrenNamed(parent: Element, namespace: keyof typeof namespaces, name: string): Element[] {
  return childElements(parent).filter((child) => isNamed(child, namespace, name));
}

/** The one child of this name. Throws NotAccepted when there is none, or more than one. */
export function onlyChild(parent: Element, namespace: keyof typeof namespaces, name: string): Element {
  const [child, ...more] = childrenNamed(parent, namespace, name);
  must(child !== undefined && more.length === 0, `${parent.localName} has not exactly one ${name}`);
  return child;
}

/** The whole text of an element that has nothing else in it: never a part before or after something. */
export function textOf(element: Element): string {
  must(childElements(element).length === 0, `${element.localName} holds more than text`);
  return element.textContent ?? "";
}

/** Epoch milliseconds of an xs:dateTime in UTC, as SAML core 1.3.3 asks for. */
export function instantOf(element: Element, attribute: string): number | undefined {
  if (!element.hasAttribute(attribute)) return undefined;
  const text = element.getAttribute(attribute) ?? "";
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  must(!Number.isNaN(at), `${attribute} of ${element.localName} is no time in UTC`);
  return at;
}
