import { expect, test } from "bun:test";
import { join } from "node:path";

// The conformance can fail: each plugin of fixtures/broken-plugins.ts breaks one promise, and these tests say so.
const promises: Readonly<Record<string, readonly string[]>> = {
  "sends before it asks": [
    "what no rule allows is refused in the protocol's own form",
    "held and denied, it never runs",
    "more than a read waits until its entry is durable",
  ],
  "shows answers unmasked": ["what a guardrail replaces is nowhere in the bytes"],
  "does not wait for the trail": ["with a strict trail, no byte of an answer leaves"],
  "never ends an operation": ["every operation has its outcome"],
  "records nothing": ["who keeps what the caller saw gets those bytes"],
  "shares its state": ["each session starts afresh"],
  "holds without notice": ["it holds nothing without notice"],
  "changes the operation": ["it throws at nothing that a session can show it"],
  "looks at what it does not need": ["it needs what it looks at"],
  "accepts everybody": ["what it cannot know is not its own", "a good token that is changed anywhere"],
  "repeats the token": ["what it cannot know is not its own"],
  "swallows failures": [
    "a failure is a rejection",
    "an attempt that takes too long ends",
    "hold.opened arrives",
  ],
};

for (const [plugin, failures] of Object.entries(promises)) {
  test(`a plugin that ${plugin} fails`, async () => {
    const file = join(import.meta.dir, "fixtures/broken-plugins.ts");
    const child = Bun.spawn([process.execPath, "test", file], {
      env: { ...process.env, BROKEN: plugin },
      stdout: "ignore",
      stderr: "pipe",
    });
    const [printed] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    const failed = printed.split("\n").filter((line) => line.startsWith("(fail)"));
    for (const name of failures) expect(failed.join("\n")).toContain(name);
    expect(child.exitCode).not.toBe(0);
  }, 60_000);
}
