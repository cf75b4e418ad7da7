import type { SshPeer } from "./peers.ts";

/** Milliseconds that OpenSSH's client takes for a command, from its start to its end. */
export async function timed(
  { target, options }: SshPeer,
  command: readonly string[],
  more: readonly string[] = [],
): Promise<number> {
  const began = performance.now();
  await finished(["ssh", ...options, ...more, target, ...command]);
  return performance.now() - began;
}

export async function finished(command: readonly string[]): Promise<void> {
  // A master that goes on in the background would keep a pipe of its error output open.
  const code = await Bun.spawn([...command], { stdio: ["ignore", "ignore", "ignore"] }).exited;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}.`);
}

/** A terminal in which nothing happens but the echo of keys. */
export interface Terminal {
  /** Milliseconds from the key to its echo. */
  key(): Promise<number>;
  close(): Promise<void>;
}

/** Milliseconds after which all that a login says has been said. */
const settling = 200;

export async function openTerminal({ target, options }: SshPeer): Promise<Terminal> {
  let heard = Promise.withResolvers<void>();
  const child = Bun.spawn(["ssh", "-tt", ...options, target, "stty -icanon; echo ready; cat > /dev/null"], {
    terminal: { cols: 80, rows: 24, data: () => heard.resolve() },
  });
  await heard.promise;
  await Bun.sleep(settling);
  return {
    async key() {
      heard = Promise.withResolvers();
      const began = performance.now();
      child.terminal?.write("x");
      await heard.promise;
      return performance.now() - began;
    },
    async close() {
      child.kill();
      await child.exited;
    },
  };
}
