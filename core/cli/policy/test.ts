import type { Command } from "commander";
import { PosternError } from "../../error.ts";
import { command } from "../help.ts";
import type { Terminal } from "../terminal.ts";

interface Flags {
  readonly junit?: string;
}

export function testPolicy(terminal: Terminal): Command {
  return command("test", {
    summary: "run policy tests",
    description:
      "Runs test files with Bun's test runner. A policy test loads its policy by `loadPolicy` of\n" +
      "postern/testing and expects what an identity may and may not do; nothing listens or connects.\n" +
      "Given a policy file x.ts it runs x.test.ts; given nothing, every *.policy.test.ts below this folder.",
    examples: [
      "postern policy test",
      "postern policy test policies/orders.policy.ts",
      "postern policy test --junit report.xml",
    ],
    exits: { 1: "a test failed, or there is none" },
  })
    .argument("[files...]", "policy files or test files")
    .option("--junit <file>", "write a JUnit report, for machines")
    .action(async (files: string[], flags: Flags) => {
      const wanted = files.length === 0 ? [".policy.test."] : files.map(testFile);
      const report =
        flags.junit === undefined ? [] : ["--reporter=junit", `--reporter-outfile=${flags.junit}`];
      const run = Bun.spawn([process.execPath, "test", ...report, ...wanted], {
        stdio: ["inherit", "inherit", "inherit"],
        signal: terminal.signal,
      });
      if ((await run.exited) === 0) return;
      throw new PosternError("policy.test-failed", "The policy tests did not pass.", {
        hint: "What failed stands above.",
      });
    });
}

/** `./x.policy.test.ts` of `x.policy.ts`; a bare name would be a filter to the test runner. */
function testFile(file: string): string {
  const test = /\.test\.[cm]?[jt]s$/.test(file) ? file : file.replace(/\.([cm]?[jt]s)$/, ".test.$1");
  return test.startsWith("/") || test.startsWith(".") ? test : `./${test}`;
}
