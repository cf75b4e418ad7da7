import { randomBytes } from "node:crypto";
import type { SshHost } from "../host.ts";
import { flow } from "../relay/flow.ts";
import { type AtHost, openAtHost } from "../relay/host-channel.ts";
import { Outlet } from "../relay/outlet.ts";
import { Marker } from "./marker.ts";

/** Variables that it keeps where they are set. */
const kept = ["LANG", "LC_ALL", "TERM"].map((name) => `\${${name}+"${name}=$${name}"}`).join(" ");

const login = 'HOME="$HOME" USER="$USER" LOGNAME="$LOGNAME" PATH="$PATH"';
/**
 * What starts it, in the words of any login shell: /bin/sh with the login's own PATH and few variables more, so that no
 * function, alias or start-up file of the host stands between a name and its program.
 */
const start = `exec /bin/sh -c 'exec /usr/bin/env -i ${login} ${kept} /bin/sh -s'`;

/**
 * ^C ends the line that runs, not the shell. `command` keeps a flaw in a line from ending it. A shell that is in a loop
 * when the trap returns may forget what it returned, so the trap says it besides.
 */
const prepare = `${[
  "trap '__postern_cut=130; return 130' INT",
  "unset -f command eval printf return",
  "__postern_status=0",
  '__postern_was() { return "$__postern_status"; }',
  '__postern_run() { __postern_was; command eval "$__postern_line"; }',
].join("; ")}\n`;

export interface Ran {
  readonly status: number;
  readonly directory: string;
}

type Sink = (bytes: Uint8Array, error: boolean) => Promise<void> | undefined;

/** One shell at the host, without a terminal, that runs one line after the other: directories and variables stay. */
export class RemoteShell {
  readonly gone: Promise<undefined>;
  readonly #into: Outlet;
  #sink: Sink = () => undefined;
  #markers: { readonly output: Marker; readonly error: Marker } | undefined;
  #said: { output?: string; error?: string } = {};
  #ran: ((ran: Ran) => void) | undefined;

  private constructor(
    readonly atHost: AtHost,
    host: SshHost,
  ) {
    const { channel } = atHost;
    channel.on("error", () => {});
    this.#into = new Outlet(channel, host.connection);
    this.gone = new Promise((resolve) => {
      channel.once("close", () => resolve(undefined));
    });
    void flow(channel, (bytes) => this.#read("output", bytes));
    void flow(channel.stderr, (bytes) => this.#read("error", bytes));
    void this.#into.write(Buffer.from(prepare));
  }

  /** Throws PosternError `ssh.host-channel`. */
  static async open(host: SshHost, environment: Readonly<Record<string, string>>): Promise<RemoteShell> {
    const around = { terminal: undefined, environment, agent: false };
    return new RemoteShell(await openAtHost(host, { kind: "exec", command: start }, around), host);
  }

  /** Runs exactly this line; its output goes to `sink` as it comes. undefined: the shell is gone. */
  run(line: string, sink: Sink): Promise<Ran | undefined> {
    const token = `t${randomBytes(16).toString("hex")}`;
    this.#sink = sink;
    this.#markers = { output: new Marker(token), error: new Marker(token) };
    this.#said = {};
    const ran = new Promise<Ran>((resolve) => {
      this.#ran = resolve;
    });
    const text = [
      `__postern_line=${quoted(line)}`,
      "__postern_cut=",
      "__postern_run </dev/null",
      "__postern_status=$?",
      `__postern_status=\${__postern_cut:-$__postern_status}`,
      `printf '\\0${token} %s %s\\0' "$__postern_status" "$PWD"`,
      `printf '\\0${token} \\0' >&2\n`,
    ].join("; ");
    void this.#into.write(Buffer.from(text));
    return Promise.race([ran, this.gone]);
  }

  /** To what runs now (RFC 4254, 6.9): the shell itself stays. */
  signal(name: string): void {
    try {
      this.atHost.channel.signal(name);
    } catch {
      // No signal that SSH knows by name.
    }
  }

  close(): void {
    this.signal("HUP");
    this.atHost.channel.close();
  }

  #read(which: "output" | "error", bytes: Uint8Array): Promise<void> | undefined {
    const { output, said, rest } = this.#markers?.[which].read(bytes) ?? { output: bytes };
    const waits = output.length > 0 ? this.#sink(output, which === "error") : undefined;
    if (said !== undefined && this.#said[which] === undefined) this.#told(which, said);
    if (rest && rest.length > 0) return this.#sink(rest, which === "error");
    return waits;
  }

  /** Both have been read up to the end of the command. */
  #told(which: "output" | "error", said: string): void {
    this.#said[which] = said;
    const { output, error } = this.#said;
    if (output === undefined || error === undefined) return;
    const space = output.indexOf(" ");
    this.#ran?.({ status: Number(output.slice(0, space)), directory: output.slice(space + 1) });
  }
}

/** One word of a shell, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
