import type { PseudoTtyInfo } from "ssh2";
import { AnswerStream, frameTypes, type Pass, typedOn } from "../../../core/plugin.ts";
import { both, flow } from "../relay/flow.ts";
import { openAtHost } from "../relay/host-channel.ts";
import { Outlet } from "../relay/outlet.ts";
import type { Voice } from "../relay/voice.ts";
import { quoted } from "./remote-shell.ts";

export interface ScreenProgram {
  readonly line: string;
  readonly directory: string;
  readonly terminal: PseudoTtyInfo;
  readonly environment: Readonly<Record<string, string>>;
}

/** A program that has the caller's terminal for itself. */
export interface Screen {
  /** True: it takes what is typed. */
  typed(bytes: Buffer): boolean;
  resize(terminal: PseudoTtyInfo): void;
  close(): void;
}

/** Runs it on a channel and in a terminal of its own; undefined: the host did not say how it ended. */
export async function runScreen(
  voice: Voice,
  pass: Pass,
  { line, directory, terminal, environment }: ScreenProgram,
  runs: (screen: Screen) => void,
): Promise<{ status: number } | undefined> {
  const { carriage, number, outlet } = voice;
  const command = `exec /bin/sh -c 'cd -- "$1" && eval "exec $2"' sh ${quoted(directory)} ${quoted(line.trim())}`;
  const around = { terminal, environment, agent: false };
  const atHost = await openAtHost(carriage.host, { kind: "exec", command }, around);
  const { channel } = atHost;
  channel.on("error", () => {});
  const into = new Outlet(channel, carriage.host.connection);
  const keys = typedOn(carriage.gate, number, pass.answer);
  const input = new AnswerStream(pass.answer, "toResource", "terminal", (bytes) => void into.write(bytes));
  runs({
    typed(bytes) {
      keys?.typed(bytes);
      const now = input.push(bytes);
      if (now) void into.write(now);
      return true;
    },
    resize: ({ rows, cols, height, width }) => channel.setWindow(rows, cols, height, width),
    close: () => channel.close(),
  });
  const send = (bytes: Uint8Array) =>
    both(outlet.write(bytes), carriage.passed(frameTypes.output, number, bytes));
  const output = new AnswerStream(pass.answer, "toCaller", "terminal", (late) => void send(late));
  const closed = new Promise<void>((resolve) => {
    channel.once("close", () => resolve());
  });
  await flow(channel, (bytes) => {
    keys?.shown(bytes);
    const now = output.push(bytes);
    return now && send(now);
  });
  output.flush();
  await closed;
  keys?.close();
  return atHost.exit && "status" in atHost.exit ? { status: atHost.exit.status } : undefined;
}
