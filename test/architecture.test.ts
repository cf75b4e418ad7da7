import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

// The direction of imports and the shape of the tree, as docs/words.md and CONTRIBUTING.md state them.
const root = join(import.meta.dir, "..");
const sources = sourceFiles("core").concat(sourceFiles("plugins"));
const written = sources.filter((file) => !file.endsWith(".test.ts") && !file.includes("/testing/"));
const plugins = readdirSync(join(root, "plugins"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && readdirSync(join(root, "plugins", entry.name)).length > 0)
  .map((entry) => entry.name);

test("core imports nothing from plugins", () => {
  const wrong = sourceFiles("core").filter((file) =>
    importsOf(file).some((target) => /(^|\/)plugins(\/|$)/.test(target)),
  );
  expect(wrong).toEqual([]);
});

test("plugins do not import one another", () => {
  const wrong = plugins.flatMap((plugin) =>
    sourceFiles(`plugins/${plugin}`).flatMap((file) =>
      importsOf(file)
        .filter((target) => target.startsWith("."))
        .map((target) => join(file, "..", target).split("/"))
        .filter(([top, other]) => top === "plugins" && other !== plugin)
        // Kubernetes is spoken over HTTP.
        .filter((target) => !(plugin === "kubernetes" && target.join("/") === "plugins/http/kit.ts"))
        .map((target) => `${file} imports ${target.join("/")}`),
    ),
  );
  expect(wrong).toEqual([]);
});

test("no file has more than 300 lines", () => {
  const long = written
    .map((file) => ({ file, lines: read(file).split("\n").length - 1 }))
    .filter(({ lines }) => lines > 300);
  expect(long).toEqual([]);
});

test("no name says nothing", () => {
  const vague = /^(utils?|helpers?|common|misc)(\.|$)/;
  expect(sources.filter((file) => file.split("/").some((part) => vague.test(part)))).toEqual([]);
});

test("nothing is left for later", () => {
  const left = sources.filter((file) => /\b(TODO|FIXME|XXX)\b/.test(read(file)));
  expect(left).toEqual([]);
});

test("each plugin has its page", () => {
  expect(plugins.filter((plugin) => !existsSync(join(root, "plugins", plugin, "README.md")))).toEqual([]);
});

test("each plugin is in plugins/index.ts", () => {
  const index = read("plugins/index.ts");
  expect(plugins.filter((plugin) => !index.includes(`"./${plugin}/`))).toEqual([]);
});

test("each error code is in docs/errors.md, and each line there is a code in use", () => {
  const quoted = written.flatMap((file) => matches(read(file), /"([a-z]+(?:\.[a-z]+(?:-[a-z]+)*)+)"/g));
  const thrown = written.flatMap((file) =>
    matches(read(file), /(?:new PosternError\(\s*|\bcode: )"([a-z]+\.[a-z.-]+)"/g),
  );
  const listed = matches(read("docs/errors.md"), /^\| `([a-z.-]+)` \|/gm);
  expect([...new Set(thrown)].filter((code) => !listed.includes(code)).sort()).toEqual([]);
  // `hold.${how}` and its like: codes that are put together.
  const families = written.flatMap((file) => matches(read(file), /`([a-z]+\.)\$\{/g));
  const inUse = (code: string) => quoted.includes(code) || families.some((family) => code.startsWith(family));
  expect(listed.filter((code) => !inUse(code))).toEqual([]);
});

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => join(folder, path))
    .sort();
}

function importsOf(file: string): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|\brequire\s*\(\s*)"([^"]+)"/g;
  return [...read(file).matchAll(pattern)].map((match) => match[1] ?? "");
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "");
}

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}
