import { PosternError } from "../error.ts";
import type { Recorded, Replay, TerminalEvent } from "../protocol.ts";

/** A terminal event, and when it was: milliseconds since the recording began. */
interface Timed {
  readonly at: number;
  readonly event: TerminalEvent;
}

type Line = Readonly<Record<string, unknown>> | readonly [time: number, code: "o" | "i" | "r", data: string];

/**
 * The lines of an asciicast v2 file of one terminal of a session (docs.asciinema.org/manual/asciicast/v2): the
 * header, then output `o`, input `i` and new sizes `r`, by seconds since the terminal was opened. `channel`
 * undefined: its only one. `recorded` is read twice. Throws PosternError `recording.no-terminal`,
 * `recording.channels`.
 */
export function* asciicast(
  recorded: () => Iterable<Recorded>,
  replay: () => Replay,
  began: number,
  channel: number | undefined,
): Generator<Line> {
  const one = chosen(recorded(), replay(), channel);
  let opened: number | undefined;
  for (const { at, event } of terminals(recorded(), replay())) {
    if (event.channel !== one) continue;
    if (event.type === "open" && opened === undefined) {
      opened = at;
      const { term } = event;
      // A terminal of no size (a pipe behind `ssh -tt`) is one that players refuse.
      const width = event.columns || 80;
      const height = event.rows || 24;
      yield { version: 2, width, height, timestamp: Math.floor((began + at) / 1000), env: { TERM: term } };
    } else if (opened !== undefined) {
      yield [Math.round((at - opened) * 1000) / 1e6, ...happened(event)];
    }
  }
}

function happened(event: TerminalEvent): readonly ["o" | "i" | "r", string] {
  if ("text" in event) return [event.type === "output" ? "o" : "i", event.text];
  return ["r", `${event.columns}x${event.rows}`];
}

function chosen(recorded: Iterable<Recorded>, replay: Replay, channel: number | undefined): number {
  const opened = new Set<number>();
  for (const { event } of terminals(recorded, replay)) if (event.type === "open") opened.add(event.channel);
  const [only, ...others] = opened;
  const one = channel ?? only;
  if (one === undefined || !opened.has(one)) {
    throw new PosternError("recording.no-terminal", "The session had no such terminal.", {
      hint: "`postern sessions replay ID` shows what was done in it.",
    });
  }
  if (channel === undefined && others.length > 0) {
    throw new PosternError("recording.channels", `The session had ${opened.size} terminals.`, {
      hint: `Say which: channel ${[...opened].join(", ")}.`,
    });
  }
  return one;
}

function* terminals(recorded: Iterable<Recorded>, replay: Replay): Generator<Timed> {
  for (const happening of recorded) {
    for (const event of replay.terminals?.(happening) ?? []) yield { at: happening.at, event };
  }
}
