import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The statements of psql scripts, roughly: what ends with a semicolon at the end of a line, without the lines that are
 * psql's own. A body in dollar quotes stays whole.
 */
export function statementsIn(folder: string): string[] {
  const all = readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .toSorted()
    .flatMap((name) => split(readFileSync(join(folder, name), "latin1")));
  return [...new Set(all)];
}

function split(script: string): string[] {
  const statements: string[] = [];
  let lines: string[] = [];
  let tag: string | undefined;
  for (const line of script.split("\n")) {
    if (tag === undefined && lines.length === 0 && /^\s*(\\|--|$)/.test(line)) continue;
    lines.push(line);
    for (const [quote] of line.matchAll(/\$\w*\$/g)) {
      if (tag === undefined) tag = quote;
      else if (tag === quote) tag = undefined;
    }
    if (tag !== undefined || !/;\s*(--.*)?$/.test(line)) continue;
    statements.push(lines.join("\n"));
    lines = [];
  }
  return statements;
}
