import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../package.json";

const root = join(import.meta.dir, "..");

test("DEPENDENCIES.md lists what package.json installs, and nothing else", () => {
  const listed = [...read("DEPENDENCIES.md").matchAll(/^- `([^`]+)`: \S/gm)].map((match) => match[1] ?? "");
  const installed = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(listed.toSorted()).toEqual(installed.toSorted());
});

test("every version is exact", () => {
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

test("the lock file holds no addresses", () => {
  const lines = read("package-lock.json").split("\n");
  const funding = /^\s*"(url|funding)": "/;
  expect(lines.filter((line) => /:\/\//.test(line) && !funding.test(line))).toEqual([]);
});

test("policies in README.md, docs/policy.md and the plugins' pages type-check", () => {
  const pages = ["README.md", "docs/policy.md", ...pluginPages()];
  const policies = pages.flatMap((page) =>
    [...read(page).matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
      .map(([, code = ""]) => ({ page, code }))
      .filter(({ code }) => code.includes("gateway(")),
  );
  expect(policies.length).toBeGreaterThan(0);
  // Inside the project, so that "postern" resolves as tsconfig.json says.
  const folder = join(root, "test", ".cache", "documents");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    policies.forEach(({ code }, index) => {
      writeFileSync(join(folder, `example-${index}.ts`), `${code}\nexport {};\n`);
    });
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../../../tsconfig.json",
        compilerOptions: { noUnusedLocals: false },
        include: ["*.ts"],
      }),
    );
    const { stdout } = spawnSync(process.execPath, ["x", "tsc", "--noEmit", "-p", folder], {
      cwd: root,
      encoding: "utf8",
    });
    const flaws = stdout.split("\n").flatMap((line) => {
      const example = policies[Number(/example-(\d+)\.ts/.exec(line)?.[1] ?? Number.NaN)];
      // A page may leave out what it is not about, and says so by an ellipsis.
      const elided = example?.code.includes("/* … */") && /missing the following properties/.test(line);
      return example === undefined || elided ? [] : [`${example.page}: ${line}`];
    });
    expect(flaws).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

function pluginPages(): string[] {
  return [...new Bun.Glob("plugins/*/README.md").scanSync(root)].sort();
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
