import type { Command } from "commander";
import type { RawLine, ReplayLine } from "../../control/api.ts";
import { PosternError } from "../../error.ts";
import { control, type DataFlag, type JsonFlag, withData, withJson } from "../flags.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";
import { Player } from "./player.ts";

interface Flags extends DataFlag, JsonFlag {
  readonly speed: string;
  readonly instant?: true;
  readonly raw?: true;
  readonly format?: string;
  readonly channel?: string;
}

export function replaySession(terminal: Terminal): Command {
  return withJson(
    withData(
      command("replay", {
        summary: "see a session again, as its caller saw it",
        description:
          "Prints what was asked and what came back, at the pace it happened. Masked values are masked here,\n" +
          "too. A terminal is played as it was, without what would ask or change yours. Needs record() in the\n" +
          "policy that the session ran under.",
        examples: [
          "postern sessions replay ses_01k3x9…",
          "postern sessions replay ses_01k3x9… --speed 10",
          "postern sessions replay ses_01k3x9… --instant | less",
          "postern sessions replay ses_01k3x9… --format asciicast > session.cast",
        ],
        exits: [1, 3],
      })
        .argument("<session>", "id of the session")
        .option("--speed <factor>", "so many times as fast; 0 is --instant", "1")
        .option("--instant", "all at once")
        .option("--raw", "with --json: bytes and events as they were recorded")
        .option("--format <format>", "asciicast: print a terminal as an asciicast v2 file")
        .option("--channel <number>", "this terminal alone, where the session had several"),
    ),
    "one JSON object a line, all at once",
  ).action(async (id: string, flags: Flags) => {
    const speed = Number(flags.speed);
    if (!(speed >= 0)) {
      throw new PosternError("cli.usage", `"${flags.speed}" is no speed.`, {
        hint: "Write a number: --speed 4.",
      });
    }
    if (flags.raw && !flags.json) {
      throw new PosternError("cli.usage", "--raw is for machines.", { hint: "Add --json." });
    }
    if (flags.format !== undefined && flags.format !== "asciicast") {
      throw new PosternError("cli.usage", `There is no format "${flags.format}".`, {
        hint: "Write --format asciicast.",
      });
    }
    const session = `/v1/sessions/${encodeURIComponent(id)}`;
    const path = `${session}/recording`;
    const client = control(terminal, flags);
    if (flags.format) {
      const lines = client.lines(`${session}/asciicast`, flags.channel ? { channel: flags.channel } : {});
      for await (const line of lines) terminal.out(`${JSON.stringify(line)}\n`);
      return;
    }
    if (flags.json) {
      const lines = client.lines<ReplayLine | RawLine>(path, flags.raw ? { raw: 1 } : {});
      for await (const line of lines) terminal.out(`${JSON.stringify(line)}\n`);
      return;
    }
    const player = new Player(terminal, flags.channel === undefined ? undefined : Number(flags.channel));
    const began = performance.now();
    for await (const line of client.lines<ReplayLine>(path)) {
      if (!flags.instant && speed > 0) await until(began + line.at / speed, terminal.signal);
      if (terminal.signal.aborted) break;
      terminal.out(player.show(line));
    }
    terminal.out(player.end());
  });
}

/** Resolves at `time` (of `performance.now`) or when aborted. */
function until(time: number, signal: AbortSignal): Promise<void> {
  const wait = time - performance.now();
  if (wait <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, wait);
    signal.addEventListener("abort", done);
  });
}
