import { expect } from "bun:test";
import type { Examination } from "../finding.ts";
import type { Guardrail, Watch } from "../guardrail.ts";
import { anyone, gateway, group, remove, write } from "../index.ts";
import { lines } from "./protocols/lines.ts";
import { type Client, namedIdentities, type Rig } from "./rig.ts";

/** What reached the backend. */
export const received: string[] = [];

/** A backend that answers every line in capitals; `write` asks for data first. */
export function shouting(rig: Rig): number {
  received.length = 0;
  let writing = false;
  return rig.backend((line, wire) => {
    received.push(line);
    if (writing) {
      if (line !== ".") return;
      writing = false;
      wire.write(Buffer.from("stored\n.\n"));
    } else if (line.startsWith("write")) {
      writing = true;
      wire.write(Buffer.from("go\n"));
    } else if (line.startsWith("read unasked")) {
      wire.write(Buffer.from("!secret news\nok\n.\n"));
    } else wire.write(Buffer.from(`${line.toUpperCase()}\n.\n`));
  });
}

export function guardrail(name: string, watch: Watch): Guardrail<"text"> {
  return { name, needs: ["text"], open: () => watch };
}

/** Everyone reads and writes the shelf, cleaners delete from it. */
export function policyOf(port: number, under: readonly Guardrail<"text">[] = [], examination?: Examination) {
  return gateway({
    listen: { lines: { port: 0, insecure: true } },
    identity: [namedIdentities],
    resources: { box: lines({ port, ...(examination ? { examination } : {}) }), other: lines({ port }) },
    rules: [
      { name: "readers", who: anyone, on: "box", may: ["read", write("shelf")], under: [...under] },
      { name: "cleaners", who: group("cleaners"), on: "box", may: [remove("shelf")] },
    ],
  });
}

export async function greeted(rig: Rig, token = "alice:staff"): Promise<Client> {
  const client = await rig.connect(token, "box");
  expect(await client.lines.next()).toMatch(/^welcome ses_/);
  return client;
}

/** The lines of one answer, up to its end or an error. */
export async function answer(client: Client): Promise<string[]> {
  const got: string[] = [];
  for (;;) {
    const line = await client.lines.next();
    if (line === undefined || line === ".") return got;
    got.push(line);
    if (line.startsWith("error") || line.startsWith("goodbye")) return got;
  }
}
