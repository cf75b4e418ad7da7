import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Adopter } from "../adopt.ts";
import { PosternError } from "../error.ts";
import { command } from "./help.ts";
import type { Terminal } from "./terminal.ts";

interface Flags {
  readonly out?: string;
  readonly force?: true;
}

export function adopt(terminal: Terminal, adopters: readonly Adopter[]): Command {
  return command("adopt", {
    summary: "draft a policy from what runs already",
    description:
      "Looks at a database's roles, what they may, and who is logged in now, and writes a policy that would\n" +
      "serve the same clients through the gateway. What cannot be told stands in it as comments that begin\n" +
      "with CHECK. Changes nothing there. The password comes from PGPASSWORD, so that nobody reads it in the\n" +
      "list of processes; a role that may read pg_stat_activity (pg_monitor) sees everybody.",
    examples: [
      "PGPASSWORD=… postern adopt postgres://admin@orders.internal/orders > orders.policy.ts",
      "postern adopt postgres://admin@127.0.0.1:5432/orders --out orders.policy.ts && postern policy check orders.policy.ts",
    ],
    exits: [1],
  })
    .argument("<address>", "what to look at: postgres://…")
    .option("--out <file>", "where to write the draft (default: standard output)")
    .option("--force", "replace a file that is there")
    .action(async (address: string, { out, force }: Flags) => {
      const path = out === undefined ? undefined : resolve(out);
      if (path !== undefined && existsSync(path) && !force) {
        throw new PosternError("adopt.exists", `${path} is there already.`, {
          hint: "Choose another name, or give --force.",
        });
      }
      const text = await adopterFor(address, adopters).draft(address, terminal.env);
      const open = text.split("CHECK").length - 1;
      if (path === undefined) terminal.out(text);
      else writeFileSync(path, text, { mode: 0o600 });
      terminal.err(
        `${path === undefined ? "Drafted" : `Wrote ${path}`}: ${open} things to check before it serves anybody.\n`,
      );
    });
}

/** The address may hold a password: it is not quoted. */
function adopterFor(address: string, adopters: readonly Adopter[]): Adopter {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  const adopter = adopters.find(({ schemes }) => scheme !== undefined && schemes.includes(scheme));
  if (adopter) return adopter;
  throw new PosternError("adopt.address", "Nothing here knows how to look at such an address.", {
    hint: `Give one that begins with ${adopters.flatMap(({ schemes }) => schemes).join(":// or ")}://`,
  });
}
