import { type Added, run } from "./program.ts";

/** The command line of this process, with what plugins add to it. */
export async function main(added: Added): Promise<void> {
  const ended = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // Once: the second one ends a command that does not stop by itself.
    process.once(signal, () => ended.abort());
  }
  // Whoever reads our output may stop doing so: `postern audit query | head`.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: Error & { code?: string }) => {
      if (error.code === "EPIPE") process.exit(0);
      throw error;
    });
  }

  process.exitCode = await run(
    process.argv.slice(2),
    {
      out: (text) => void process.stdout.write(text),
      err: (text) => void process.stderr.write(text),
      env: process.env,
      signal: ended.signal,
      screen: process.stdout.isTTY === true,
      colour: process.stdout.isTTY === true && !process.env.NO_COLOR,
      interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    },
    added,
  );
}
