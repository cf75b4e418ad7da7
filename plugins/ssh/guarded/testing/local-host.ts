import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Duplex } from "node:stream";
import type { SshHost } from "../../host.ts";

/**
 * A host without SSH between: what it is asked to execute runs here, as a login shell would run it, with this program
 * as its /bin/sh. `end()` kills what is left.
 */
export class LocalHost {
  readonly #children: ChildProcessWithoutNullStreams[] = [];

  constructor(
    /** A path that ends in `/sh`. */
    readonly sh: string,
    readonly environment: Readonly<Record<string, string>>,
    readonly directory: string,
  ) {}

  get host(): SshHost {
    const connection = {
      // What is looked at to see whether a connection is busy.
      _sock: { writableNeedDrain: false },
      _protocol: {},
      exec: (command: string, _options: unknown, opened: (error: undefined, channel: Duplex) => void) =>
        opened(undefined, this.#channel(command.replaceAll("/bin/sh", this.sh))),
    };
    // Of the SSH library nothing is needed here but what opens a channel.
    return { connection, login: "ops", agent: undefined } as unknown as SshHost;
  }

  #channel(command: string): Duplex {
    const child = spawn(this.sh, ["-c", command], {
      cwd: this.directory,
      env: this.environment,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#children.push(child);
    child.stdin.on("error", () => {});
    const channel = new Duplex({
      read: () => {},
      write: (bytes, _encoding, taken) => child.stdin.write(bytes, () => taken()),
    });
    child.stdout.on("data", (bytes) => channel.push(bytes));
    child.once("close", () => channel.destroy());
    const signal = (name: string) => void process.kill(-(child.pid ?? 0), `SIG${name}`);
    return Object.assign(channel, { stderr: child.stderr, signal, close: () => channel.destroy() });
  }

  end(): void {
    for (const { pid } of this.#children) {
      try {
        if (pid !== undefined) process.kill(-pid, "SIGKILL");
      } catch {
        // All of it has ended.
      }
    }
  }
}
