import {
  type ChannelEvent,
  encodeEvent,
  encodeExit,
  encodeFrame,
  encodeResize,
  frameTypes,
} from "../../../core/plugin.ts";
import type { Tunnel } from "../../http/kit.ts";

/** A command that runs in a container. */
export interface RemoteCommand {
  readonly what: "exec" | "attach";
  /** [] for attach. */
  readonly words: readonly string[];
  /** As an approver reads it. */
  readonly text: string;
  readonly terminal: boolean;
}

/** Size of a terminal that nobody has told. */
const assumed = { columns: 80, rows: 24 };

/** A command in its session's recording. */
export class CommandRecord {
  readonly #stdin = new Sum();
  readonly #stdout: Sum | undefined;
  #begun = false;

  constructor(
    readonly tunnel: Tunnel,
    readonly command: RemoteCommand,
  ) {
    if (!command.terminal && movesFiles(command.words)) this.#stdout = new Sum();
  }

  /** What the caller saw. A promise: the recorder is behind, wait for it. */
  output(bytes: Uint8Array, error: boolean): Promise<void> | undefined {
    const { record, gate } = this.tunnel;
    if (!record) return undefined;
    this.#begin(assumed);
    if (this.#stdout && !error) {
      this.#stdout.add(bytes);
      return undefined;
    }
    const type = error && !this.command.terminal ? frameTypes.error : frameTypes.output;
    return gate.passed(encodeFrame(type, record.channel, bytes));
  }

  input(bytes: Uint8Array): void {
    this.#begin(assumed);
    if (!this.command.terminal) this.#stdin.add(bytes);
  }

  resize(columns: number, rows: number): void {
    if (!this.command.terminal) return;
    if (this.#begun) this.#tell((channel) => encodeResize(channel, columns, rows));
    else this.#begin({ columns, rows });
  }

  /** `exit`: the status, where the cluster has told one. */
  over(exit: number | undefined): void {
    this.#begin(assumed);
    this.#sum("stdin", this.#stdin);
    if (this.#stdout) this.#sum("stdout", this.#stdout);
    if (exit !== undefined) this.#tell((channel) => encodeExit(channel, exit));
    this.#event({ event: "close" });
  }

  /** A terminal's size has to stand before what is shown in it. */
  #begin(size: { readonly columns: number; readonly rows: number }): void {
    if (this.#begun) return;
    this.#begun = true;
    const { what, words, text, terminal } = this.command;
    if (terminal) this.#event({ event: "terminal", term: "", ...size });
    this.#event({ event: "open", what, ...(words.length === 0 ? {} : { command: text }) });
  }

  #sum(event: "stdin" | "stdout", sum: Sum): void {
    if (sum.bytes > 0) this.#event({ event, bytes: sum.bytes, sha256: sum.hash.digest("hex") });
  }

  #event(event: ChannelEvent): void {
    this.#tell((channel) => encodeEvent(channel, event));
  }

  #tell(frame: (channel: number) => Uint8Array): void {
    const { record, gate } = this.tunnel;
    if (record) void gate.passed(frame(record.channel));
  }
}

class Sum {
  readonly hash = new Bun.CryptoHasher("sha256");
  bytes = 0;

  add(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.hash.update(bytes);
  }
}

/**
 * The far end of `kubectl cp`: what it prints is an archive, of which size and hash are kept. For what is kept only;
 * what may run is decided elsewhere.
 */
export function movesFiles(words: readonly string[]): boolean {
  const [first, second, third] = words;
  if (first === "tar" && second === "cf" && third === "-") return true;
  return (
    words.length === 3 &&
    first === "sh" &&
    second === "-c" &&
    /^tar cf - [^;&|<>$()`\n\r]+ \| tail -c\+\d+$/.test(third ?? "")
  );
}
