/** JSON that an entry of its own prints: what others have done to the engine, and to the heap, neither helps nor hinders it. */
export async function readingOf<Result>(
  entry: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const child = Bun.spawn([process.execPath, entry, ...args], {
    env: { ...process.env, ...environment },
    stdout: "pipe",
    stderr: "inherit",
  });
  const said = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${entry} ${args.join(" ")} failed.`);
  return JSON.parse(said) as Result;
}

/** With so much room the collector has no reason to run before all is measured. */
export const roomy = { BUN_JSC_largeHeapSize: "2000000000" };
