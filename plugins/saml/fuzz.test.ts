import { expect, test } from "bun:test";
import { DOMParser, XMLSerializer } from "@xmldom/xmldom";
import { NotAccepted } from "../../core/plugin.ts";
import { Random, seeds } from "../../test/fuzz.ts";
import { ServiceProvider } from "./service-provider.ts";
import { responseShape } from "./shape.ts";
import { TestIdp } from "./testing/idp.ts";
import { entityId, url } from "./testing/rig.ts";
import { elementsBelow } from "./xml.ts";

/** Takes pieces of a response, says something else in them, and puts them anywhere. */
function mutated(xml: string, random: Random): string {
  const document = new DOMParser().parseFromString(xml, "text/xml");
  for (let times = 1 + random.upTo(4); times > 0; times--) {
    const all = elementsBelow(document);
    const pick = () => all[random.upTo(all.length)] ?? document.documentElement;
    const [piece, place] = [pick(), pick()];
    const copy = piece.cloneNode(true) as Element;
    if (random.chance(70)) sayOtherwise(copy, random);
    if (random.chance(30) && piece.parentNode !== document) piece.parentNode?.replaceChild(copy, piece);
    else if (random.chance(50)) place.insertBefore(copy, place.firstChild);
    else place.appendChild(copy);
    if (random.chance(20) && piece.parentNode && piece !== document.documentElement) {
      piece.parentNode.removeChild(piece);
    }
  }
  return new XMLSerializer().serializeToString(document);
}

function sayOtherwise(element: Element, random: Random): void {
  for (const each of [element, ...elementsBelow(element)]) {
    if (each.localName === "NameID") each.textContent = "admin";
    if (each.localName === "AttributeValue") each.textContent = "admins";
    if (each.hasAttribute("ID") && random.chance(50)) each.setAttribute("ID", `_${random.upTo(1_000_000)}`);
  }
}

test("however a signed response is taken apart and put together, it says what was signed or nothing", async () => {
  const idp = await TestIdp.create();
  const provider = new ServiceProvider(
    {
      path: "corp",
      entityId,
      idp: { entityId: idp.entityId, entryPoint: idp.entryPoint, certificates: [idp.certificate] },
      reading: { groups: ["groups"] },
      ttl: 1000,
      clockSkew: 0,
    },
    url,
  );
  const claims = { request: "_r", recipient: `${url}/acs`, audience: entityId, subject: "eve" };
  const assertion = idp.answer(claims);
  const both = idp.sign(assertion, "Response");
  expect((await provider.verified(both, "_r")).who.subject).toBe("eve");
  for (const seed of seeds(80)) {
    const random = new Random(seed);
    const xml = mutated(random.chance(50) ? both : assertion, random);
    try {
      // As the endpoint does it, and without the look at the shape, which the signature must not need.
      if (random.chance(50)) responseShape(xml, provider.assertionConsumer);
      const { who } = await provider.verified(xml, "_r");
      expect([seed, who.subject, who.groups]).toEqual([seed, "eve", ["staff"]]);
    } catch (error) {
      if (!(error instanceof NotAccepted)) throw error;
    }
  }
});
