import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const memcached = join(root, "test/fixtures/postern-memcached");

/** The page's TypeScript by the file that each block names in its first line. */
function blocks(page: string): { file: string; code: string }[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)].map(([, file = "", code = ""]) => ({
    file,
    code,
  }));
}

describe("docs/write-a-guardrail.md", () => {
  const written = blocks("docs/write-a-guardrail.md");

  test("its guardrail, policy and tests type-check, and the tests pass", async () => {
    expect(written.map(({ file }) => file)).toEqual([
      ...["quiet-hours.ts", "shop.policy.ts", "quiet-hours.test.ts"],
    ]);
    // Inside the project, so that "postern" resolves as tsconfig.json says.
    const folder = join(root, "test/.cache/guides");
    mkdirSync(folder, { recursive: true });
    try {
      for (const { file, code } of written) writeFileSync(join(folder, file), code);
      const config = { extends: "../../../tsconfig.json", include: ["*.ts"] };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
      const checked = Bun.spawnSync([process.execPath, "x", "tsc", "-p", folder], { cwd: root });
      expect(checked.stdout.toString()).toBe("");
      const tested = Bun.spawnSync([process.execPath, "test", join(folder, "quiet-hours.test.ts")], {
        cwd: root,
      });
      expect(tested.stderr.toString()).toMatch(/\n\s*0 fail\n/);
      expect(tested.stderr.toString()).toContain("the contract of a guardrail: quiet-hours");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);

  test("its guardrail is about thirty lines", () => {
    const lines = written[0]?.code.trimEnd().split("\n") ?? [];
    expect(lines.length).toBeLessThanOrEqual(36);
  });
});

describe("docs/write-a-protocol.md", () => {
  const quoted = blocks("docs/write-a-protocol.md");

  test("quotes the package as it is", () => {
    expect(quoted.length).toBeGreaterThan(8);
    const wrong = quoted.filter(
      ({ file, code }) => !readFileSync(join(memcached, file), "utf8").includes(code),
    );
    expect(wrong).toEqual([]);
  });
});
