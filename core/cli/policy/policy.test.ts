import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli } from "../testing/cli.ts";

/** Policies bring a protocol of their own: its one effect is the first word of the text. */
const text = `
import { gateway, group } from "postern";
const protocol = {
  name: "words", emits: ["operation"],
  accept: async () => undefined, dial: async () => { throw new Error(); }, relay: async () => {}, refuse() {},
  classify: async (text) => [{ effect: text.split(" ")[0], on: text.split(" ")[1] ?? "*" }],
};
export default gateway({
  listen: { words: { host: "127.0.0.1", port: 4000, insecure: true } },
  identity: [{ name: "nobody", open: async () => ({ identify: async () => undefined }) }],
  resources: { shop: { protocol, config: {} } },
  web: 4001,
  rules: [
    { name: "support reads", who: group("support"), on: "shop", may: ["read"] },
    {
      name: "mend", who: group("support"), on: "shop", may: ["write"],
      hours: "09:00-17:00 UTC", grant: { by: group("leads"), upTo: "1h" },
    },
  ],
});
`;
const policy = join(mkdtempSync(join(tmpdir(), "postern-cli-")), "shop.policy.ts");
writeFileSync(policy, text);

test("check says what the policy amounts to", async () => {
  const { code, out } = await cli(["policy", "check", policy]);
  expect(code).toBe(0);
  expect(out).toMatch(/^ok {2}version [0-9a-f]{12}\n/);
  expect(out).toContain("support reads (group support), mend (group support; with a grant; 09:00-17:00 UTC)");
  expect(out).toMatch(/^web +127\.0\.0\.1:4001$/m);
  expect(JSON.parse((await cli(["policy", "check", policy, "--json"])).out)).toMatchObject({
    resources: ["shop"],
  });
});

test("check names file and line of what is wrong", async () => {
  const broken = policy.replace("shop", "broken");
  writeFileSync(broken, text.replace('on: "shop"', 'on: "ship"'));
  const { code, out, err } = await cli(["policy", "check", broken]);
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(/broken\.policy\.ts:14:.*ship/);
});

test("explain exits 0 for what is allowed and 1 for what is not, with the reason", async () => {
  const explain = (operation: string, ...more: string[]) =>
    cli([
      "policy",
      "explain",
      policy,
      operation,
      "--subject",
      "alice",
      "--group",
      "support",
      "--on",
      "shop",
      ...more,
    ]);
  const allowed = await explain("read t");
  expect(allowed.code).toBe(0);
  expect(allowed.out).toMatch(/^allowed {2}alice on shop: read t\n {2}read t: rule support reads /);
  const denied = await explain("delete t", "--json");
  expect(denied.code).toBe(1);
  expect(JSON.parse(denied.out)).toMatchObject({ verdict: "deny", allowed: false });
  expect(JSON.parse(denied.err).error.code).toBe(JSON.parse(denied.out).reason.code);
});

test("explain at another time, and as with a grant", async () => {
  const mend = [
    "policy",
    "explain",
    policy,
    "write t",
    "--subject",
    "a",
    "--group",
    "support",
    "--on",
    "shop",
  ];
  const day = ["--at", "2026-11-23T10:00:00Z"];
  const codes = async (...more: string[]) => (await cli([...mend, ...more])).code;
  expect(await codes("--grant", "mend", ...day)).toBe(0);
  expect(await codes(...day)).toBe(1);
  expect(await codes("--grant", "mend", "--at", "2026-11-23T18:00:00Z")).toBe(1);
  expect((await cli([...mend, "--grant", "support reads"])).err).toContain("[grant.none]");
  expect(await codes("--at", "teatime")).toBe(2);
});

test("explain names the resources there are", async () => {
  const { code, err } = await cli(["policy", "explain", policy, "read t", "--subject", "a", "--on", "ship"]);
  expect(code).toBe(1);
  expect(err).toContain("There are: shop.");
});

test("an option that may be repeated leaves the arguments behind it alone", async () => {
  const { out } = await cli([
    "policy",
    "explain",
    policy,
    "--on",
    "shop",
    "--subject",
    "a",
    "--group",
    "support",
    "read t",
  ]);
  expect(out).toStartWith("allowed");
});

test("test runs the policy's own tests, and fails with them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-cli-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(import.meta.dir, "../../.."), join(folder, "node_modules", "postern"));
  writeFileSync(join(folder, "shop.policy.ts"), text);
  const expecting = (allowed: boolean) => `
    import { expect, test } from "bun:test";
    import { loadPolicy } from "postern/testing";
    const policy = await loadPolicy(new URL("./shop.policy.ts", import.meta.url));
    const alice = policy.as({ subject: "alice", groups: ["support"] }).on("shop");
    test("alice deletes", async () => expect((await alice.runs("delete t")).allowed).toBe(${allowed}));
  `;
  const ran = async (...files: string[]) => {
    const main = join(import.meta.dir, "../../../plugins/main.ts");
    const child = Bun.spawn([process.execPath, main, "policy", "test", ...files], {
      cwd: folder,
      stderr: "pipe",
    });
    return { err: await new Response(child.stderr).text(), code: await child.exited };
  };
  writeFileSync(join(folder, "shop.policy.test.ts"), expecting(false));
  expect(await ran()).toMatchObject({ code: 0, err: expect.stringContaining("1 pass") });
  writeFileSync(join(folder, "shop.policy.test.ts"), expecting(true));
  const { code, err } = await ran("shop.policy.ts");
  expect(code).toBe(1);
  expect(err).toContain("[policy.test-failed]");
});
