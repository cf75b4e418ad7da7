import { expect, test } from "bun:test";
import { loadPolicy } from "postern/testing";

const policy = await loadPolicy(new URL("./cluster.policy.ts", import.meta.url));
const developer = policy.as({ subject: "dora", groups: ["developers"] }).on("prod");
const shop = policy.as({ subject: "sam", groups: ["developers", "shop"] }).on("prod");
const bot = policy.as({ subject: "deploy-bot", kind: "machine" }).on("prod");

test.each(["list */pods/*", "get shop/pods:log/web", "watch shop/deployments.apps/*", "GET /version"])(
  "developers may: %s",
  async (text) => {
    expect(await developer.runs(text)).toMatchObject({ verdict: "allow", rules: ["look"] });
  },
);

test.each([
  "get shop/secrets/db",
  "list */secrets/*",
  "GET /api/v1/namespaces/shop/secrets/db",
  "get */nodes/n1",
  "get url:metrics",
  "create shop/configmaps/a",
  "delete shop/pods/web",
  "create shop/pods:exec/web",
  "create shop/pods:portforward/web",
])("developers may not: %s", async (text) => {
  expect((await developer.runs(text)).verdict).toBe("deny");
});

test("the team changes its own namespace, and no other one", async () => {
  expect((await shop.runs("update shop/deployments.apps/web {}")).verdict).toBe("allow");
  expect((await shop.runs("update bank/deployments.apps/web {}")).verdict).toBe("deny");
});

test("a shell in a container, and a pod that would own its node, wait for a lead", async () => {
  const pod = { spec: { containers: [{ name: "a", securityContext: { privileged: true } }] } };
  const deployment = JSON.stringify({ metadata: { name: "web" }, spec: { template: pod } });
  for (const text of ["create shop/pods:exec/web", `update shop/deployments.apps/web ${deployment}`]) {
    expect(await shop.runs(text)).toMatchObject({ verdict: "hold", guardrails: ["record", "approve"] });
  }
});

test("the deploy bot may not do what nobody approved", async () => {
  const pod = { spec: { hostNetwork: true, containers: [] } };
  const deployment = JSON.stringify({ metadata: { name: "web" }, spec: { template: pod } });
  expect((await bot.runs("patch shop/deployments.apps/web")).verdict).not.toBe("allow");
  expect((await bot.runs("update shop/deployments.apps/web {}")).verdict).toBe("allow");
  expect((await bot.runs(`update shop/deployments.apps/web ${deployment}`)).verdict).toBe("deny");
});
