import { expect, test } from "bun:test";
import { reference } from "./reference.ts";
import { cli } from "./testing/cli.ts";

test("docs/cli.md says what the help says; `bun core/cli/reference.ts` writes it anew", async () => {
  expect(reference()).toBe(await Bun.file(new URL("../../docs/cli.md", import.meta.url)).text());
});

test("--help of every command is in it, and exits 0", async () => {
  const pages = reference();
  const names = [...pages.matchAll(/^## postern ?(.*)$/gm)].map(([, name]) => name ?? "");
  expect(names.length).toBeGreaterThan(18);
  for (const name of names) {
    const { code, out } = await cli([...name.split(" ").filter(Boolean), "--help"]);
    expect(code).toBe(0);
    expect(pages).toContain(out.trimEnd());
  }
});

test("every command that does something tells its exit codes and gives an example", () => {
  const [, , ...pages] = reference().split("\n## ");
  for (const page of pages) {
    expect(page).toContain("Exit codes:\n  0  done");
    expect(page).toMatch(/Examples:\n {2}/);
  }
});
