import { expect, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** The lines under every `@ts-expect-error` of the type tests, and the errors that tsc finds without them. */
test("every expected type error is one, on the line that is wrong", async () => {
  const folder = await mkdtemp(join(tmpdir(), "postern-types-"));
  try {
    const lines = (await readFile(join(import.meta.dir, "gateway.types.ts"), "utf8")).split("\n");
    const expected = lines.flatMap((line, at) => (line.includes("// @ts-expect-error") ? [at + 2] : []));
    const bare = lines
      .map((line) => line.replace("// @ts-expect-error", "//"))
      .join("\n")
      .replaceAll(/from "(\.[^"]+)"/g, (_, path) => `from ${JSON.stringify(join(import.meta.dir, path))}`);
    await Bun.write(join(folder, "bare.ts"), bare);
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { types: [] },
      include: ["bare.ts"],
    };
    await Bun.write(join(folder, "tsconfig.json"), JSON.stringify(config));
    const tsc = Bun.spawn([join(root, "node_modules/.bin/tsc"), "--pretty", "false", "-p", folder], {
      cwd: folder,
    });
    const output = await new Response(tsc.stdout).text();
    const found = [...output.matchAll(/^bare\.ts\((\d+),/gm)].map((match) => Number(match[1]));
    expect(expected.length).toBeGreaterThan(15);
    expect([...new Set(found)]).toEqual(expected);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 30_000);
