import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadPolicy } from "./policy.ts";

const folder = await mkdtemp(join(tmpdir(), "postern-testing-"));
const file = join(folder, "shop.policy.ts");
await Bun.write(
  file,
  `import { both, gateway, group, machine } from "postern";
const protocol = {
  name: "words", emits: ["operation"], accept() {}, dial() {}, relay() {}, refuse() {},
  classify: async (text) => text.split(" ").map((effect) => ({ effect, on: "shop" })),
};
export default gateway({
  listen: {},
  identity: [{ name: "nobody", async open() {} }],
  resources: { shop: { protocol, config: {}, credential: { label: "never", read() { throw new Error("read"); } } } },
  rules: [
    { name: "bots", who: both(machine(), group("night")), on: "shop", may: ["read", "write"] },
    { name: "sellers", who: group("sellers"), on: "shop", may: ["read"] },
    { name: "fix", who: group("sellers"), on: "shop", may: ["write"], grant: { by: group("leads"), upTo: "1h" } },
    { name: "day", who: group("sellers"), on: "shop", may: ["delete"], hours: "Mon 09:00-17:00 UTC" },
  ],
});`,
);
afterAll(() => rm(folder, { recursive: true }));

const policy = await loadPolicy(pathToFileURL(file));
const verdict = async (someone: Parameters<typeof policy.as>[0], text: string) =>
  (await policy.as(someone).on("shop").runs(text)).verdict;

test("speaks as a person without groups unless it says otherwise", async () => {
  const bot = { subject: "night-7", kind: "machine", groups: ["night"] } as const;
  const seller = { subject: "alice", groups: ["sellers"] };
  expect(await verdict({ subject: "alice" }, "read")).toBe("deny");
  expect(await verdict(seller, "read")).toBe("allow");
  expect(await verdict(bot, "read write")).toBe("allow");
  expect(await verdict({ ...bot, actingFor: seller }, "read")).toBe("allow");
  expect(await verdict({ ...bot, actingFor: seller }, "write")).toBe("deny");
});

test("a misspelled resource is an error of the test, not a denial", () => {
  expect(() => policy.as({ subject: "alice" }).on("shpo")).toThrow('"shpo" is no resource of this policy');
});

test("with a grant, and at another hour", async () => {
  const seller = policy.as({ subject: "alice", groups: ["sellers"] }).on("shop");
  const denied = await seller.runs("write");
  expect(denied).toMatchObject({ allowed: false, closed: ["fix"] });
  expect(denied.reason?.hint).toContain("postern request shop --for 1h");
  expect((await seller.withGrant("fix").runs("write")).allowed).toBe(true);
  expect((await seller.withGrant("fix").runs("define")).closed).toBeUndefined();
  expect(() => seller.withGrant("sellers")).toThrow('no rule "sellers" that a grant opens');
  const day = seller.withGrant("fix").at("2026-11-23T10:00:00Z");
  expect((await day.runs("write delete")).allowed).toBe(true);
  expect(await seller.at("2026-11-23T18:00:00Z").runs("delete")).toMatchObject({
    allowed: false,
    closed: ["day"],
  });
});

test("takes a path as well", async () => {
  expect((await loadPolicy(file)).policy.version).toBe(policy.policy.version);
});
