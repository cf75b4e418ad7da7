import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { Browser as Chromium, Page } from "playwright-core";
import { needs, testWith } from "../needs.ts";
import { type OidcServer, startOidc } from "../servers/oidc.ts";
import { type SamlIdp, startSamlIdp } from "../servers/saml.ts";
import { BrowserDoor, byOidc, callback, startChromium } from "./browser-door.ts";

const lacks = [needs.chromium];
let chromium: Chromium;
let oidc: OidcServer;
beforeAll(async () => {
  if (needs.chromium !== undefined) return;
  [chromium, oidc] = await Promise.all([startChromium(), startOidc({ redirectUris: [callback] })]);
}, 60_000);
afterAll(async () => {
  await chromium?.close();
  await oidc?.stop();
});

async function person(): Promise<Page> {
  const context = await chromium.newContext({ ignoreHTTPSErrors: true });
  return await context.newPage();
}

const heading = (page: Page) => page.textContent("h1");

describe("must hold 6: other ways in", () => {
  testWith(...lacks)(
    "in clear on one's own machine, for trials",
    async () => {
      const trial = await BrowserDoor.open({
        plugins: ["oidc"],
        identity: byOidc(oidc),
        insecure: true,
      });
      try {
        const page = await person();
        await page.goto(trial.url("grafana", "/trial"));
        expect(await heading(page)).toBe("grafana /trial");
        const names = (await page.context().cookies(trial.url("grafana"))).map(({ name }) => name);
        expect(names).toEqual(["postern-local"]);
        expect(JSON.stringify(trial.grafana.seen.at(-1)?.headers)).not.toContain("postern");
      } finally {
        await trial.close();
      }
    },
    30_000,
  );

  testWith(...lacks, needs.saml)(
    "by SAML",
    async () => {
      const idp: SamlIdp = await startSamlIdp();
      const saml = await BrowserDoor.open({
        plugins: ["saml"],
        identity: `saml({
        path: "corp", entityId: "https://gateway.example.com/identity/corp/metadata",
        idp: { metadata: ${JSON.stringify(idp.metadata)} }, groups: ["urn:oid:1.3.6.1.4.1.5923.1.5.1.1"],
      }),`,
      });
      try {
        await idp.trust(await (await fetch(`${saml.web}/identity/corp/metadata`)).text());
        const page = await person();
        await page.goto(saml.url("grafana", "/by/saml"));
        await page.waitForURL(saml.url("grafana", "/by/saml"));
        expect(await heading(page)).toBe("grafana /by/saml");
        expect(saml.door.entries("open").at(-1)).toMatchObject({ identity: { subject: "alice" } });
      } finally {
        await Promise.all([saml.close(), idp.close()]);
      }
    },
    30_000,
  );
});
