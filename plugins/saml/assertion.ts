import type { Reading } from "./terms.ts";
import {
  childElements,
  childrenNamed,
  instantOf,
  isNamed,
  must,
  onlyChild,
  parseXml,
  textOf,
} from "./xml.ts";

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/** Who has signed in, as a verified assertion says it. */
export interface SignedIn {
  readonly subject: string;
  readonly groups: readonly string[];
  readonly name?: string;
  readonly person?: string;
  /** The login session at the identity provider, see `sessionOf`. */
  readonly session?: string;
  /** Epoch milliseconds at which that login session ends. */
  readonly sessionEnds?: number;
}

export interface Expected extends Reading {
  /** Id of our own request. */
  readonly request: string;
  readonly assertionConsumer: string;
  /** Entity id of the identity provider. */
  readonly issuer: string;
  /** Milliseconds. */
  readonly clockSkew: number;
}

export interface ReadAssertion {
  readonly id: string;
  /** Epoch milliseconds from which on nobody accepts it any more. */
  readonly until: number;
  readonly who: SignedIn;
}

/**
 * Reads an assertion whose signature, audience and `Conditions` times have been verified, from the very bytes that the
 * signature covers, and checks what the web browser profile asks beyond those (SAML profiles 4.1.4.3). Throws NotAccepted.
 */
export function readAssertion(signedXml: string, expected: Expected): ReadAssertion {
  const assertion = parseXml(signedXml).documentElement;
  must(isNamed(assertion, "assertion", "Assertion"), "what is signed is no assertion");
  const issuer = textOf(onlyChild(assertion, "assertion", "Issuer"));
  must(
    issuer === expected.issuer,
    `the assertion is of another issuer, ${JSON.stringify(issuer.slice(0, 200))}`,
  );
  checkConditions(onlyChild(assertion, "assertion", "Conditions"));
  const subject = onlyChild(assertion, "assertion", "Subject");
  const until = confirmed(onlyChild(subject, "assertion", "SubjectConfirmation"), expected);
  const statement = onlyChild(assertion, "assertion", "AuthnStatement");
  const sessionEnds = instantOf(statement, "SessionNotOnOrAfter");
  must(
    sessionEnds === undefined || sessionEnds > Date.now(),
    "the login session has ended (SessionNotOnOrAfter)",
  );
  const index = statement.getAttribute("SessionIndex");
  const names = childrenNamed(subject, "assertion", "NameID").map(textOf);
  const values = attributesOf(assertion);
  const one = (name: string) => {
    const [value, ...more] = values.get(name) ?? [];
    must(
      value !== undefined && value !== "" && more.length === 0,
      `attribute "${name}" has not exactly one value`,
    );
    return value;
  };
  const name = expected.name === undefined ? undefined : values.get(expected.name)?.[0];
  return {
    id: assertion.getAttribute("ID") ?? "",
    until,
    who: {
      subject: expected.subject === undefined ? nameId(subject) : one(expected.subject),
      groups: expected.groups.flatMap((group) => values.get(group) ?? []),
      ...(name === undefined ? {} : { name }),
      ...(expected.person === undefined ? {} : { person: one(expected.person) }),
      ...(index && names[0] ? { session: sessionOf(names[0], index) } : {}),
      ...(sessionEnds === undefined ? {} : { sessionEnds }),
    },
  };
}

/** A `SessionIndex` is unique for one person only (SAML core 2.7.2). */
export function sessionOf(nameId: string, index: string): string {
  return `${index} of ${nameId}`;
}

/** A condition that one does not know makes an assertion neither valid nor invalid (SAML core 2.5.1.1): not accepted. */
function checkConditions(conditions: Element): void {
  const known = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];
  for (const child of childElements(conditions)) {
    must(
      known.some((name) => isNamed(child, "assertion", name)),
      `the condition ${child.localName} is not known`,
    );
  }
}

/** Until when whoever brings this assertion is its subject: here, now, in answer to our request. */
function confirmed(confirmation: Element, expected: Expected): number {
  must(confirmation.getAttribute("Method") === bearer, "the subject is not confirmed as the bearer");
  const data = onlyChild(confirmation, "assertion", "SubjectConfirmationData");
  must(
    data.getAttribute("Recipient") === expected.assertionConsumer,
    "the assertion is for another recipient",
  );
  must(data.getAttribute("InResponseTo") === expected.request, "the assertion answers another request");
  const from = instantOf(data, "NotBefore");
  const until = instantOf(data, "NotOnOrAfter");
  must(until !== undefined, "the confirmation of the subject has no end");
  must(Date.now() - expected.clockSkew < until, "the confirmation of the subject has expired");
  must(from === undefined || Date.now() + expected.clockSkew >= from, "the subject is not confirmed yet");
  return until + expected.clockSkew;
}

function nameId(subject: Element): string {
  const element = onlyChild(subject, "assertion", "NameID");
  must(
    element.getAttribute("Format") !== transient,
    "the NameID is another one at every login (transient): name an attribute as subject",
  );
  const text = textOf(element);
  must(text !== "", "the NameID is empty");
  return text;
}

/** By `Name`, never by `FriendlyName`, which identifies nothing (SAML core 2.7.3.1). */
function attributesOf(assertion: Element): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const statement of childrenNamed(assertion, "assertion", "AttributeStatement")) {
    for (const attribute of childrenNamed(statement, "assertion", "Attribute")) {
      const name = attribute.getAttribute("Name") ?? "";
      const added = childrenNamed(attribute, "assertion", "AttributeValue").map(textOf);
      values.set(name, [...(values.get(name) ?? []), ...added]);
    }
  }
  return values;
}
