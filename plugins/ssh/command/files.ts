import { type Argument, untold } from "./argument.ts";
import { targetPath } from "./path.ts";
import type { Reading } from "./reading.ts";

type Touches = "each written" | "each deleted" | "last written" | "moved";

/** Programs whose arguments are what they write or delete: a file that is written may be one that runs later. */
const files: ReadonlyMap<string, { readonly does: Touches; readonly options: RegExp }> = new Map([
  ["tee", { does: "each written", options: /^(-[ai]+|--append)$/ }],
  ["touch", { does: "each written", options: /^-[acm]+$/ }],
  ["truncate", { does: "each written", options: /^(-c|--size=\w+)$/ }],
  ["mkdir", { does: "each written", options: /^(-[pv]+|--parents|-m\d+)$/ }],
  ["rm", { does: "each deleted", options: /^(-[rRfvd]+|--recursive|--force|--verbose)$/ }],
  ["rmdir", { does: "each deleted", options: /^-[pv]+$/ }],
  ["unlink", { does: "each deleted", options: /^(?!)/ }],
  ["shred", { does: "each deleted", options: /^-[uvzf]+$/ }],
  ["cp", { does: "last written", options: /^-[abdfHiLnPpRrTuvx]+$/ }],
  ["install", { does: "last written", options: /^(-[cDpvT]+|--mode=\d+)$/ }],
  ["ln", { does: "last written", options: /^-[fnrsvT]+$/ }],
  ["link", { does: "last written", options: /^(?!)/ }],
  ["mv", { does: "moved", options: /^-[finuvT]+$/ }],
]);

/** The paths that a program is known to write or delete; any path where its options do not tell. */
export function filesOf(name: string, args: readonly Argument[], reading: Reading): void {
  if (name === "dd") return copied(args, reading);
  const entry = files.get(name);
  if (!entry) return;
  const plain = args.every(
    ({ text }) => text !== undefined && (!text.startsWith("-") || entry.options.test(text)),
  );
  const paths = plain ? args.filter(({ text }) => !text?.startsWith("-")) : [untold];
  const last = (paths.length > 1 ? paths.at(-1) : undefined) ?? untold;
  const first = paths.length > 1 ? paths.slice(0, -1) : [untold];
  const written = entry.does === "each written" ? paths : entry.does === "each deleted" ? [] : [last];
  const deleted = entry.does === "each deleted" ? paths : entry.does === "moved" ? first : [];
  for (const path of written) reading.add({ effect: "write", on: targetPath(path) });
  for (const path of deleted) reading.add({ effect: "delete", on: targetPath(path) });
}

/** dd's arguments, each `name=value`. */
function copied(args: readonly Argument[], reading: Reading): void {
  for (const { text } of args) {
    const [, name, path] = /^(\w+)=(.*)$/s.exec(text ?? "") ?? [];
    if (name === undefined || path === undefined) reading.unknown(`dd ${text ?? "*"}`);
    else if (name === "of") reading.add({ effect: "write", on: targetPath({ text: path, shown: path }) });
    else if (name === "if") reading.add({ effect: "read", on: targetPath({ text: path, shown: path }) });
  }
}
