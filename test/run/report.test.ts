import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

// What `npm test` shows of groups that fail, run and reported as it does it.
const root = join(import.meta.dir, "../..");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-report-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A group of one file for each text, then the summary. */
async function reported(files: Readonly<Record<string, string>>): Promise<string[]> {
  const groups = Object.entries(files).map(([name, text]) => {
    const file = join(folder, `${name}.test.ts`);
    writeFileSync(file, `import { expect, test } from "bun:test";\n${text}`);
    return { name, files: [relative(root, file)] };
  });
  const script = `
    import { runGroup } from "./test/run/group.mjs";
    import { report, summary } from "./test/run/report.mjs";
    const results = [];
    for (const group of ${JSON.stringify(groups)}) {
      results.push(await runGroup(${JSON.stringify(process.execPath)}, group, false));
      report(results.at(-1));
    }
    console.log(summary(results, ["a.test.ts: late"], false).line);`;
  const child = Bun.spawn(["node", "--input-type=module", "-e", script], { cwd: root, stdout: "pipe" });
  return (await new Response(child.stdout).text()).trim().split("\n");
}

test("a failure is shown with its error and named again at the end, and what passed is not shown", async () => {
  const lines = await reported({
    first: `test("good", () => console.log("noise")); test("bad", () => expect(1).toBe(2));`,
    second: `test("fine", () => {});`,
  });
  const name = `${relative(root, folder)}/first.test.ts: bad`;
  expect(lines[0]).toMatch(/^FAIL first \(1 passed, 1 failed; /);
  expect(lines).toContain("     error: expect(received).toBe(expected)");
  expect(lines).toContain(`     (fail) ${name}`);
  expect(lines.join("\n")).not.toMatch(/noise|\(pass\)/);
  expect(lines.slice(-3)).toEqual(["flaky: a.test.ts: late", `failed: ${name}`, "2 passed, 1 failed"]);
});

test("what throws outside of a test, and a process that dies, are failures with names", async () => {
  const lines = await reported({
    outside: `test("never", () => {}); throw new Error("at the top");`,
    dies: `test("lives", () => {}); test("dies", () => { console.log("its last words"); process.exit(9); });`,
  });
  const at = `${relative(root, folder)}/outside.test.ts: outside of its tests`;
  expect(lines).toContain("     error: at the top");
  expect(lines).toContain("     its last words");
  expect(lines.slice(-3)).toEqual([`failed: ${at}`, "failed: dies: ended with 9", "0 passed, 2 failed"]);
});

test("of a long failure, and of many, so much is shown as can be read", async () => {
  const lines = await reported({
    long: `test("long", () => { for (let n = 0; n < 500; n++) console.log("line", n); throw new Error("the end"); });`,
    many: `for (let n = 0; n < 100; n++) test("bad " + n, () => { throw new Error("why"); });`,
  });
  const many = lines.findIndex((line) => line.startsWith("FAIL many"));
  expect(lines.slice(0, many).length).toBeLessThan(70);
  expect(lines.slice(0, many).join("\n")).toContain("error: the end");
  const named = lines.findIndex((line) => line.startsWith("flaky: "));
  expect(named - many).toBeLessThan(210);
  expect(lines.filter((line) => line.startsWith("failed: "))).toHaveLength(101);
});
