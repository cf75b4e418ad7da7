import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  bundlePolicy,
  evaluatePolicy,
  loadPolicy,
  PolicyNotLoaded,
  probePolicy,
  watchPolicy,
} from "./loader.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-policy-"));
  file = join(folder, "site.policy.ts");
});
afterEach(() => rm(folder, { recursive: true }));

const put = (name: string, text: string) => Bun.write(join(folder, name), text);
const plugins = `
export const rows = {
  protocol: { name: "rows", emits: ["operation", "rows"], accept() {}, dial() {}, relay() {}, refuse() {} },
  config: {},
};
export const provider = { name: "nobody", async open() {} };
export function guard(name: string) { return { name, needs: ["operation"], open: () => ({}) }; }
`;
const policy = (rules: string, head = "") => `${head}
import { anyone, gateway, write } from "postern";
import { guard, provider, rows } from "./plugins.ts";

export default gateway({
  listen: { rows: { port: 0, insecure: true } },
  identity: [provider],
  resources: { orders: rows },
  rules: ${rules},
});
`;
const good = '[{ who: anyone, on: "orders", may: ["read", write("tmp.*")], under: [guard("mask")] }]';

async function refusal(path = file): Promise<PolicyNotLoaded> {
  try {
    await loadPolicy(path);
  } catch (error) {
    if (error instanceof PolicyNotLoaded) return error;
    throw error;
  }
  throw new Error("It loaded.");
}

test("bundles the file and all it imports; the version follows what it means", async () => {
  await put("plugins.ts", plugins);
  await Bun.write(file, policy(good));
  const bundle = await bundlePolicy(file);
  expect(bundle.version).toMatch(/^[0-9a-f]{12}$/);
  expect(bundle.files).toEqual([file, join(folder, "plugins.ts")]);
  await Bun.write(file, policy(good, "// a comment, and\n\n// lines of it"));
  expect((await bundlePolicy(file)).version).toBe(bundle.version);
  await put("plugins.ts", plugins.replace('"nobody"', '"somebody"'));
  expect((await bundlePolicy(file)).version).not.toBe(bundle.version);
});

test("two evaluations share no state", async () => {
  await put("plugins.ts", plugins);
  await Bun.write(file, policy(good));
  const bundle = await bundlePolicy(file);
  const [one, other] = [evaluatePolicy(bundle), evaluatePolicy(bundle)];
  expect(one).toMatchObject({ version: bundle.version, rules: [{ name: "rules[0]", on: ["orders"] }] });
  expect(one.rules[0]?.under[0]).not.toBe(other.rules[0]?.under[0]);
  expect(one.resources.orders).not.toBe(other.resources.orders);
});

test("an edit of an imported file counts; a broken one is refused with its place; mended, it loads", async () => {
  await put("plugins.ts", plugins);
  await put("rules.ts", 'export const may = ["read"];\n');
  await Bun.write(file, policy('[{ who: anyone, on: "orders", may }]', 'import { may } from "./rules.ts";'));
  expect((await loadPolicy(file)).rules[0]?.may).toEqual([{ effect: "read", label: "read" }]);
  await put("rules.ts", 'export const may = ["read"\nexport const other = 1;\n');
  const error = await refusal();
  expect(error.code).toBe("policy.syntax");
  expect(error.message).toStartWith(`${join(folder, "rules.ts")}:2:1: `);
  expect(error.files).toContain(join(folder, "rules.ts"));
  await put("rules.ts", 'export const may = "all";\n');
  expect((await loadPolicy(file)).rules[0]?.may).toBe("all");
});

test.each([
  ["a file that is not there", "policy.missing", undefined, /There is no policy file/],
  [
    "an import that leads nowhere",
    "policy.syntax",
    'import "./gone.ts";\nexport default 1;',
    /ts:1:8: .*gone/,
  ],
  [
    "a package that is not installed",
    "policy.syntax",
    'import "left-pad-of-nobody";',
    /ts:1:8: .*left-pad-of-nobody/,
  ],
  [
    "no default export",
    "policy.invalid",
    "export const policy = 1;",
    /ts: the default export is no gateway\(\)/,
  ],
  [
    "a plain object",
    "policy.invalid",
    "export default { rules: [] };",
    /ts: the default export is no gateway\(\)/,
  ],
  [
    "a thrown error",
    "policy.threw",
    '\nconst a = 1;\nthrow new Error("no luck " + a);',
    /ts:3:11: Error: no luck 1/,
  ],
  ["a thrown nothing", "policy.threw", "throw undefined;", /ts: undefined/],
  [
    "a flaw",
    "policy.invalid",
    policy(
      '[\n    { who: anyone, on: "orders", may: [] },\n    { who: anyone, on: "ordres", may: [] },\n  ]',
    ),
    /ts:11:20: rules\[1\]\.on: "ordres" is no resource/,
  ],
  [
    "a check inside a factory",
    "policy.invalid",
    'import { gateway, milliseconds } from "postern";\n\nmilliseconds("-1s" as never);',
    /ts:3:1: "-1s" is no duration/,
  ],
])("says where: %s", async (_, code, text, message) => {
  await put("plugins.ts", plugins);
  if (text !== undefined) await Bun.write(file, text);
  const error = await refusal();
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  expect(error.message).toContain(file);
  expect(error.files).toContain(file);
  expect(error.more.hint).toBeString();
});

test("an endless loop is an error, not a standstill", async () => {
  await Bun.write(file, "for (;;);");
  const error = await probePolicy(await bundlePolicy(file), 200).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(PolicyNotLoaded);
  expect(error.code).toBe("policy.slow");
  expect(error.message).toContain(file);
}, 10_000);

test.each([
  ["process.exit(0);", "it ended the process"],
  ['Promise.reject(new Error("left behind"));', "left behind"],
])("what would end the gateway ends the probe: %s", async (text, message) => {
  await put("plugins.ts", plugins);
  await Bun.write(file, policy(good, text));
  const error = await refusal();
  expect(error.code).toBe("policy.threw");
  expect(error.message).toStartWith(`${file}: `);
  expect(error.message).toContain(message);
});

test("the probe thread tells the same as evaluation here", async () => {
  await put("plugins.ts", plugins);
  await Bun.write(file, policy('[{ who: anyone, on: "ordres", may: [] }]'));
  const bundle = await bundlePolicy(file);
  const probed = await probePolicy(bundle).catch((error) => error);
  expect(() => evaluatePolicy(bundle)).toThrow(probed.message);
});

/** Resolves each time the watch tells of a change. */
function changes(...files: string[]) {
  let next = Promise.withResolvers<void>();
  const watch = watchPolicy(files, () => next.resolve());
  return {
    watch,
    async told() {
      await next.promise;
      next = Promise.withResolvers<void>();
    },
  };
}

test("tells of an edit, a replacement by rename, a removal and a return", async () => {
  const { watch, told } = changes(file);
  try {
    await Bun.write(file, "1");
    await told();
    await Bun.write(`${file}~`, "2");
    await rename(`${file}~`, file);
    await told();
    await rm(file);
    await told();
    await Bun.write(file, "3");
    await told();
  } finally {
    watch.close();
  }
});

test("a change of what is watched loses no edit", async () => {
  const other = await put("other.ts", "1").then(() => join(folder, "other.ts"));
  await Bun.write(file, "1");
  const { watch, told } = changes(file);
  try {
    await Bun.write(file, "2");
    watch.files([file, other]);
    await told();
    await Bun.write(other, "2");
    await told();
  } finally {
    watch.close();
  }
});

test("reloads do not pile up", async () => {
  await put("plugins.ts", plugins);
  await Bun.write(file, policy(good));
  const reload = async (at: number) => {
    await put("plugins.ts", `${plugins}\nexport const turn = ${at};`);
    await loadPolicy(file);
  };
  for (let at = 0; at < 10; at++) await reload(at);
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  const reloads = 60;
  for (let at = 0; at < reloads; at++) await reload(at);
  Bun.gc(true);
  const perReload = (process.memoryUsage.rss() - before) / reloads;
  expect(perReload).toBeLessThan(1024 * 1024);
}, 60_000);
