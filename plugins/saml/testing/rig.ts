import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EndingWish, OpenIdentityProvider, WebTools } from "../../../core/plugin.ts";
import { testRecords } from "../../../core/testing/index.ts";
import { type SamlOptions, saml } from "../index.ts";
import { TestIdp } from "./idp.ts";
import type { Send } from "./sign-in.ts";

export const url = "https://gateway.example.com/identity/corp";
export const entityId = `${url}/metadata`;

/** The plugin, opened, with an identity provider that it trusts and what a gateway would do for it. */
export interface Rig {
  readonly idp: TestIdp;
  readonly dataDir: string;
  readonly open: OpenIdentityProvider;
  readonly send: Send;
  /** Which checks failed, oldest first. */
  readonly refused: string[];
  readonly ended: EndingWish[];
}

export async function openRig(options: Partial<SamlOptions> = {}): Promise<Rig> {
  const idp = await TestIdp.create();
  const dataDir = mkdtempSync(join(tmpdir(), "postern-saml-"));
  const metadata = join(dataDir, "idp.xml");
  writeFileSync(metadata, idp.metadata());
  const provider = saml({ path: "corp", entityId, idp: { metadata }, ...options });
  const open = await provider.open({ dataDir, loopbackOnly: true });
  const refused: string[] = [];
  const ended: EndingWish[] = [];
  const tools = toolsFor(refused, ended);
  return {
    idp,
    dataDir,
    open,
    refused,
    ended,
    send: async (request) => {
      try {
        return (await open.web?.handle(request, tools)) ?? new Response(null, { status: 404 });
      } catch (error) {
        return new Response(String(error), { status: 403 });
      }
    },
  };
}

function toolsFor(refused: string[], ended: EndingWish[]): WebTools {
  const seen = new Set<string>();
  return {
    url,
    remote: "127.0.0.1:1",
    source: "127.0.0.1",
    end: async (wish) => {
      ended.push(wish);
      return { id: "end_1", at: Date.now(), blocks: false, ...wish };
    },
    lift: async () => {},
    records: testRecords(),
    first: async (key) => !seen.has(key) && seen.add(key).has(key),
    refused: (check) => {
      refused.push(check);
      return new Error("not accepted");
    },
  };
}
