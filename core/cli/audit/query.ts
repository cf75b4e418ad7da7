import type { Command } from "commander";
import type { AuditEntry, Page } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import { collect, control, type DataFlag, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { table } from "../table.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { moment, past } from "../time.ts";
import { gist } from "./gist.ts";

/** Entries that the gateway gives at once. */
const pageSize = 1_000;

interface Flags extends DataFlag, JsonFlag {
  readonly session?: string;
  readonly identity?: string;
  readonly resource?: string;
  readonly kind?: string[];
  readonly text?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
}

export function queryAudit(terminal: Terminal): Command {
  return withJson(
    withData(
      command("query", {
        summary: "search the audit trail",
        description:
          "Prints entries of the trail, newest first; all that is given must match. The index that answers can\n" +
          "be rebuilt by `postern audit reindex`; what proves anything is the trail itself: `audit verify`.",
        examples: [
          "postern audit query --identity alice --since 1h",
          "postern audit query --kind denied --kind hold --resource orders",
          "postern audit query --text customers --limit 10000 --json > entries.ndjson",
        ],
        exits: [1, 3],
      })
        .option("--session <id>", "of one session")
        .option("--identity <subject>", "of one subject, or on its behalf")
        .option("--resource <name>", "on one resource")
        .option(
          "--kind <kind>",
          "open, operation, denied, hold, hold-ended, outcome, close, …; may be repeated",
          collect,
        )
        .option("--text <part>", "whose text, or id of a refused login, contains this")
        .option("--since <when>", 'not before: how long ago ("2h") or a date')
        .option("--until <when>", "before: how long ago or a date")
        .option("--limit <count>", "at most so many", "100"),
    ),
    "one JSON object a line",
  ).action(async (flags: Flags) => {
    const rows: string[][] = [];
    const unreadable = new Set<string>();
    for await (const entry of entries(terminal, flags, unreadable)) {
      if (flags.json) terminal.out(`${JSON.stringify(entry)}\n`);
      else rows.push(rowOf(entry));
    }
    for (const stream of unreadable) {
      terminal.err(
        `Entries of ${stream} are missing here: its segments changed. See: postern audit verify\n`,
      );
    }
    if (flags.json) return;
    if (rows.length === 0) return terminal.err("Nothing matches.\n");
    terminal.out(table(["TIME (UTC)", "ENTRY", "KIND", "WHO", "RESOURCE", "WHAT"], rows));
  });
}

async function* entries(
  terminal: Terminal,
  flags: Flags,
  unreadable: Set<string>,
): AsyncGenerator<AuditEntry> {
  const client = control(terminal, flags);
  let left = count(flags.limit);
  let before: string | undefined;
  do {
    const page: Page<AuditEntry> = await client.get("/v1/audit", {
      session: flags.session,
      identity: flags.identity,
      resource: flags.resource,
      kind: flags.kind,
      text: flags.text,
      since: flags.since === undefined ? undefined : past(flags.since),
      until: flags.until === undefined ? undefined : past(flags.until),
      limit: Math.min(left, pageSize),
      before,
    });
    for (const stream of page.unreadable ?? []) unreadable.add(stream);
    yield* page.items;
    left -= page.items.length;
    before = page.next;
  } while (before !== undefined && left > 0);
}

function count(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new PosternError("cli.usage", `"${text}" is no number of entries.`, { hint: "Write --limit 100." });
}

function rowOf({ stream, identity = "", resource = "", verdict, entry }: AuditEntry): string[] {
  const kind = verdict === undefined ? entry.kind : `${entry.kind} (${verdict})`;
  return [
    moment(entry.time),
    `${stream}/${entry.seq}`,
    kind,
    oneLine(identity),
    resource,
    oneLine(gist(entry)),
  ];
}
