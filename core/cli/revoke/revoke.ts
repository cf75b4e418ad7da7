import type { Command } from "commander";
import type { EndedAnswer } from "../../control/api.ts";
import { type Ended, type Ending, endedKey, endedLabel } from "../../ending.ts";
import { PosternError } from "../../error.ts";
import { control, type DataFlag, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import { table } from "../table.ts";
import { oneLine, type Terminal } from "../terminal.ts";
import { moment } from "../time.ts";
import { type EndedFlags, endedOf } from "./ended.ts";

interface Flags extends DataFlag, JsonFlag, EndedFlags {
  readonly because?: string;
  readonly block?: true;
  readonly lift?: true;
  readonly list?: true;
}

const path = "/v1/endings";

export function revoke(terminal: Terminal): Command {
  return withJson(
    withData(
      command("revoke", {
        summary: "end somebody's access now, everywhere",
        description:
          "Ends the access of an identity and of everything that acts for it, of a credential, a session or a\n" +
          "grant: on every gateway that shares the store, within a second. Callers read the reason in their own\n" +
          "protocol. Proofs made before are refused from then on; with --block new ones as well, until --lift.",
        examples: [
          'postern revoke alice --block --because "left the company"',
          "postern revoke alice --issuer https://login.example.com",
          "postern revoke pc_01k3x9…",
          "postern revoke alice --lift",
          "postern revoke --list --json",
        ],
        exits: [1, 3],
      })
        .argument("[name]", "a subject, or the id of a credential, a session or a grant")
        .option("--kind <kind>", "identity, login, credential, session, grant: where the name does not tell")
        .option("--issuer <url>", "the issuer of this subject; without it, of any")
        .option("--because <text>", "the reason, for the callers and the trail")
        .option("--block", "refuse new proofs too, until --lift")
        .option("--lift", "let in again what was blocked")
        .option("--list", "show what is in force"),
    ),
  ).action(async (name: string | undefined, flags: Flags) => {
    const client = control(terminal, flags);
    if (flags.list) {
      const { endings } = await client.get<{ endings: Ending[] }>(path);
      return terminal.out(flags.json ? `${JSON.stringify(endings)}\n` : listed(endings));
    }
    if (name === undefined) {
      throw new PosternError("cli.usage", "Whose access is to end?", { hint: "Name it, or give --list." });
    }
    const of = endedOf(name, flags);
    if (flags.lift) {
      const { lifted } = await client.send<{ lifted: Ending[] }>("DELETE", path, { of });
      if (flags.json) return terminal.out(`${JSON.stringify({ lifted })}\n`);
      const left = stillRefused(of, (await client.get<{ endings: Ending[] }>(path)).endings);
      if (lifted.length === 0) return terminal.err(`Nothing blocks ${endedLabel(of)}.${left}\n`);
      return terminal.out(`Nothing blocks ${endedLabel(of)} any more.${left}\n`);
    }
    const { because, block = false } = flags;
    const body = { of, blocks: block, ...(because === undefined ? {} : { because }) };
    const answer = await client.send<EndedAnswer>("POST", path, body);
    terminal.out(flags.json ? `${JSON.stringify(answer)}\n` : told(answer));
  });
}

/** What blocks is lifted; what ended the proofs of before stays, and whoever lifts would look for it here. */
function stillRefused(of: Ended, endings: readonly Ending[]): string {
  const older = endings.find((ending) => !ending.blocks && endedKey(ending.of) === endedKey(of));
  return older ? ` What was proved before ${moment(older.at)} UTC, or without a date, stays refused.` : "";
}

function told({ ending, sessions }: EndedAnswer): string {
  const count = sessions.length === 1 ? "1 session" : `${sessions.length} sessions`;
  if (ending.of.kind === "grant")
    return `Ended: ${endedLabel(ending.of)}, and what rests on it (${ending.id}).\n`;
  const blocked = ending.blocks ? " Nothing new is accepted until it is lifted." : "";
  return `Ended: ${endedLabel(ending.of)}, ${count} on this gateway (${ending.id}).${blocked}\n`;
}

function listed(endings: readonly Ending[]): string {
  if (endings.length === 0) return "Nobody's access was ended.\n";
  const rows = endings.map(({ id, of, at, blocks, by, reason }) => [
    id,
    oneLine(endedLabel(of)),
    moment(at),
    blocks ? "all" : "older",
    oneLine(by),
    oneLine(reason.message),
  ]);
  return table(["ENDING", "OF", "AT (UTC)", "REFUSES", "BY", "REASON"], rows);
}
