import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestIdp } from "../../plugins/saml/testing/idp.ts";

const python = "/usr/bin/python3";

/** Debian's pysaml2, which signs with xmlsec1: another implementation than the one that verifies. */
export function hasSaml(): boolean {
  return existsSync("/usr/lib/python3/dist-packages/saml2") && existsSync("/usr/bin/xmlsec1");
}

/** By the OIDs under which eduPerson attributes travel. */
export const memberOf = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1";
export const mail = "urn:oid:0.9.2342.19200300.100.1.3";

export interface SamlIdp {
  /** Path of its metadata. */
  readonly metadata: string;
  /** The same key and entity id in our own hands, to forge with. */
  readonly forger: TestIdp;
  /** Tells it of a service provider, by the metadata that this one publishes. */
  trust(serviceProvider: string): Promise<void>;
  /** What its page has the browser post when somebody comes with a request. */
  visit(url: URL): Promise<{ readonly action: string; readonly fields: Readonly<Record<string, string>> }>;
  close(): Promise<void>;
}

/** A real identity provider on the loopback interface, at which `alice` of `staff` is signed in. */
export async function startSamlIdp({ signResponse = false } = {}): Promise<SamlIdp> {
  const folder = mkdtempSync(join(tmpdir(), "postern-saml-idp-"));
  const forger = await TestIdp.create();
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const settings = {
    entityId: forger.entityId,
    key: file("key.pem", forger.key),
    certificate: file("cert.pem", forger.certificate),
    user: "alice",
    attributes: { isMemberOf: ["staff", "ops"], mail: ["alice@example.com"] },
    signResponse,
  };
  const script = join(import.meta.dir, "saml/idp.py");
  const child = Bun.spawn([python, script, file("settings.json", JSON.stringify(settings))], {
    stdout: "pipe",
    stderr: Bun.file(join(folder, "log")),
  });
  const { value } = await child.stdout.getReader().read();
  const base = new TextDecoder().decode(value).trim();
  if (base === "") throw new Error(`pysaml2 did not start: ${await Bun.file(join(folder, "log")).text()}`);
  return {
    metadata: file("idp.xml", await (await fetch(`${base}/metadata`)).text()),
    forger,
    async trust(serviceProvider) {
      await fetch(base, { method: "POST", body: serviceProvider });
    },
    async visit(url) {
      const page = await (await fetch(url)).text();
      return { action: attribute(page, /action="([^"]*)"/), fields: hiddenFields(page) };
    },
    async close() {
      child.kill();
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function hiddenFields(page: string): Record<string, string> {
  const inputs = page.match(/<input [^>]*type="hidden"[^>]*>/g) ?? [];
  return Object.fromEntries(
    inputs.map((input) => [attribute(input, /name="([^"]*)"/), attribute(input, /value="([^"]*)"/)]),
  );
}

function attribute(html: string, pattern: RegExp): string {
  const escaped = pattern.exec(html)?.[1];
  if (escaped === undefined) throw new Error(`The identity provider's page has no ${pattern}: ${html}`);
  return escaped.replaceAll("&amp;", "&").replaceAll("&#x3D;", "=");
}
