import { PosternError } from "../../../core/plugin.ts";

/**
 * Refuses a text that would not reach the host as it was judged: ssh2 reads what callers send as UTF-8 and puts
 * U+FFFD where it is none, and a NUL ends a command at the host. Throws PosternError `ssh.encoding`.
 */
export function sendable(text: string): void {
  if (!/[\0\uFFFD]/.test(text)) return;
  throw new PosternError("ssh.encoding", "The command has bytes in it that are no UTF-8, or a NUL.", {
    hint: "Write such a file name with escapes that the host's shell understands: $'\\351'.",
  });
}
