import type { Ended, WebTools } from "../../core/plugin.ts";
import { sessionOf } from "./assertion.ts";
import { field, formOf, messageOf, neededField } from "./form.ts";
import { ServiceProvider } from "./service-provider.ts";
import { checkIds } from "./shape.ts";
import { checkSignature } from "./signature.ts";
import type { Terms } from "./terms.ts";
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

/** Milliseconds for which a request is good, from when it was made. */
const life = 300_000;

/**
 * `POST slo`: somebody has signed out at the identity provider (SAML profiles 4.4), so what that login opened ends. The
 * whole request is signed, and nothing of it is read before that is verified. Resolves with where the browser goes on,
 * if anywhere. Throws NotAccepted.
 */
export async function logOut(request: Request, terms: Terms, tools: WebTools): Promise<string | undefined> {
  const form = await formOf(request);
  const xml = messageOf(neededField(form, "SAMLRequest"));
  const provider = new ServiceProvider(terms, tools.url);
  const message = checkedShape(xml, provider.singleLogout);
  await provider.verifyLogout(xml);
  const id = message.getAttribute("ID") ?? "";
  await checkFresh(message, id, terms.clockSkew, tools);
  for (const of of endedBy(message, terms)) {
    await tools.end({
      of,
      reason: {
        code: "access.logged-out",
        message: `Signed out at ${terms.idp.entityId}.`,
        hint: "Sign in again.",
      },
      by: terms.idp.entityId,
    });
  }
  return provider.loggedOutUrl(id, field(form, "RelayState"));
}

function checkedShape(xml: string, destination: string): Element {
  const document = parseXml(xml);
  const message = document.documentElement;
  must(isNamed(message, "protocol", "LogoutRequest"), "the message is no logout request");
  const all = elementsBelow(document);
  checkIds(all);
  const [signature, ...more] = all.filter(({ localName }) => localName === "Signature");
  must(signature !== undefined, "the logout request is not signed");
  must(
    more.length === 0 && signature.parentNode === message,
    "the signature is not where it belongs, directly in the logout request",
  );
  checkSignature(signature, message);
  must(message.getAttribute("Destination") === destination, "the logout request has another destination");
  return message;
}

async function checkFresh(message: Element, id: string, clockSkew: number, tools: WebTools): Promise<void> {
  const made = instantOf(message, "IssueInstant") ?? 0;
  const until = made + life + clockSkew;
  must(made <= Date.now() + clockSkew && Date.now() < until, "the logout request is not of the last minutes");
  must(await tools.first(`logout ${id}`, until), "the logout request was used before");
}

/** Without a session, all of this person (SAML core 3.7.1). */
function endedBy(message: Element, { entityId, reading }: Terms): Ended[] {
  const nameId = textOf(onlyChild(message, "assertion", "NameID"));
  const sessions = childrenNamed(message, "protocol", "SessionIndex").map(textOf);
  must(
    sessions.length > 0 || reading.subject === undefined,
    "the logout request names no session, and its NameID is not what names people here",
  );
  return sessions.length > 0
    ? sessions.map((index) => ({
        kind: "login",
        issuer: entityId,
        session: sessionOf(nameId, index),
      }))
    : [{ kind: "identity", issuer: entityId, subject: nameId }];
}
