import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { PosternError } from "../../error.ts";
import { type Finding, type TrailReport, verifyTrail } from "../../trail/verify.ts";
import { type DataFlag, dataFolder, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { list } from "../table.ts";
import { paint, type Terminal } from "../terminal.ts";

interface Flags extends DataFlag, JsonFlag {
  readonly publicKey?: string;
}

export function verifyAudit(terminal: Terminal): Command {
  return withJson(
    withData(
      command("verify", {
        summary: "prove that the audit trail is what was written",
        description:
          "Walks the chain of every stream, offline: a changed, removed, reordered or cut-off entry is found with\n" +
          "the public key alone. Keep a copy of that key elsewhere, and verify with the copy.",
        examples: [
          "postern audit verify",
          "postern audit verify --data /backup/postern --public-key postern-checkpoint.pub --json",
        ],
        exits: { 1: "the trail is not what was written, or cannot be read" },
      }).option("--public-key <file>", "default: trail/keys/checkpoint.pub in the data folder"),
    ),
  ).action((flags: Flags) => {
    const folder = dataFolder(terminal, flags);
    const report = verifyTrail(folder, publicKey(flags.publicKey ?? publicKeyFile(folder)));
    terminal.out(flags.json ? `${JSON.stringify(report)}\n` : reportText(terminal, report));
    if (report.ok) return;
    throw new PosternError("audit.broken", `The trail in ${folder} is not what was written.`, {
      hint: "Keep the folder as it is, for whoever finds out why, and compare it with a backup.",
    });
  });
}

export function publicKeyFile(dataDir: string): string {
  return join(dataDir, "trail", "keys", "checkpoint.pub");
}

/** PEM. Throws PosternError `audit.no-key`. */
export function publicKey(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new PosternError("audit.no-key", `There is no public key at ${file}.`, {
      hint: "Name the data folder (--data DIR) or the key (--public-key FILE).",
      cause,
    });
  }
}

function reportText(terminal: Terminal, { ok, streams, findings, notes }: TrailReport): string {
  const entries = streams.reduce((sum, stream) => sum + stream.entries, 0);
  const verdict = ok ? paint(terminal, "green", "whole") : paint(terminal, "red", "broken");
  const facts = list([
    ["trail", verdict],
    ["entries", String(entries)],
    ["streams", String(streams.length)],
  ]);
  const lines = [
    ...findings.map((finding) => line("wrong", finding)),
    ...notes.map((note) => line("note", note)),
  ];
  return facts + lines.join("");
}

function line(sort: string, { what, stream, seq, file, message }: Finding): string {
  const at = `${seq === undefined ? "" : ` at ${seq}`}${file === undefined ? "" : `, ${file}`}`;
  return `${sort}: ${what} in ${stream}${at}: ${message}\n`;
}
