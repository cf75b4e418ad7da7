import { Screen } from "./screen.ts";
import type { SshDoor, SshRun } from "./ssh-door.ts";

/** OpenSSH's client in a terminal of its own. */
export class SshTerminal extends Screen {
  constructor(door: SshDoor, args: readonly string[] = [], run: SshRun = {}) {
    const user = run.user ?? "bastion";
    super(["ssh", "-t", ...door.options(run), `${user}@127.0.0.1`, ...args], { HOME: door.folder });
  }
}
