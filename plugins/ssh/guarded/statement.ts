import type { Action, Statement } from "../../../core/plugin.ts";
import { type HostShell, readCommand } from "../command/index.ts";

/** Descriptors besides the three that a program has: one of them is where the remote shell reads its lines from. */
const ofTheShell = /[<>]&\s*(?![12-](?!\d))/;
/** What fills a screen, or waits for what is typed. Arguments and no more: nothing that a shell would read. */
const screens =
  /^(vi|vim|nvim|view|nano|less|more|most|man|top|htop|watch|tmux|screen|sh|bash|dash|ksh|zsh|fish|python3?|ipython3?|perl|ruby|irb|node|php|lua|psql|mysql|mariadb|sqlite3|redis-cli|mongosh|ssh|gdb|ed|bc|dc)([ \t]+[\w@%+=:,./-]+)*$/;

const unknown: Action = { effect: "unknown", on: "*" };

/** One line of a guarded shell. */
export interface GuardedLine {
  readonly statement: Statement;
  /** It has a terminal of its own, and what is typed into it is recorded as a stream. */
  readonly screen: boolean;
}

/**
 * What a line does. A program that fills the screen or waits for what is typed is one that can do anything: whoever
 * names it in a rule knows that, so nothing more is asked for than that.
 */
export function lineOf(text: string, shell: HostShell | undefined, terminal: boolean): GuardedLine {
  const { actions, unclear } = readCommand(text, {
    terminal: false,
    stays: true,
    ...(shell ? { shell } : {}),
  });
  const screen = terminal && screens.test(text.trim());
  if (screen)
    return { screen, statement: { text, actions: actions.filter(({ effect }) => effect !== "unknown") } };
  // `exec 2>&1`: the shell's own output would go elsewhere, and with it what tells that a line has ended.
  const odd =
    ofTheShell.test(text) || actions.some(({ effect, on }) => effect === "execute" && on === "exec");
  const isTold = actions.some(({ effect }) => effect === "unknown");
  const words =
    unclear ?? (odd ? "it changes where the shell itself writes, or where its lines come from" : undefined);
  return {
    screen,
    statement: {
      text,
      actions: odd && !isTold ? [...actions, unknown] : actions,
      ...(words === undefined ? {} : { unclear: () => words }),
    },
  };
}
