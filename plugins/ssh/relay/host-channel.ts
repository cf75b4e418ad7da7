import type { ClientChannel, PseudoTtyInfo } from "ssh2";
import { PosternError } from "../../../core/plugin.ts";
import type { SshHost } from "../host.ts";
import { type Exit, exitOf } from "./exit.ts";

/** What a session's channel runs at the host. */
export type Ask =
  | { readonly kind: "exec"; readonly command: string }
  | { readonly kind: "shell" }
  | { readonly kind: "subsystem"; readonly name: string };

export interface Surroundings {
  readonly terminal: PseudoTtyInfo | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly agent: boolean;
}

/** What runs at the host. */
export interface AtHost {
  readonly channel: ClientChannel;
  /** As soon as the host has told it. */
  exit: Exit | undefined;
}

/** Opens the same at the host. Throws PosternError `ssh.host-channel`. */
export function openAtHost({ connection }: SshHost, ask: Ask, around: Surroundings): Promise<AtHost> {
  const { terminal, environment, agent } = around;
  // Missing from its types where a shell or a command is asked for.
  const options = { env: environment, agentForward: agent };
  return new Promise((resolve, reject) => {
    const opened = (error: Error | undefined, channel: ClientChannel) => {
      if (error) return reject(refusedByHost(error));
      const opened: AtHost = { channel, exit: undefined };
      // A short command's end comes with its beginning: whoever listens later has missed it.
      exitOf(channel, (exit) => {
        opened.exit = exit;
      });
      resolve(opened);
    };
    try {
      if (ask.kind === "subsystem") connection.subsys(ask.name, opened);
      else if (ask.kind === "exec") {
        connection.exec(ask.command, terminal ? { ...options, pty: terminal } : options, opened);
      } else connection.shell(terminal ?? false, options, opened);
    } catch (cause) {
      reject(refusedByHost(cause));
    }
  });
}

function refusedByHost(cause: unknown): PosternError {
  return new PosternError("ssh.host-channel", "The host did not open what was asked for.", {
    hint: "It may allow no more sessions on one connection (MaxSessions), or not this one: its own log says.",
    cause,
  });
}
