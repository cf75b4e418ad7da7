import { expect, test } from "bun:test";
import { explain } from "./explain.ts";
import type { Guardrail } from "./guardrail.ts";
import { type Action, type Classified, effects } from "./operation.ts";
import { guardrail, provider, resource, somebody } from "./policy/fixture.ts";
import { gateway } from "./policy/gateway.ts";
import { anyone } from "./who.ts";

/** A protocol whose texts name their actions: `read a, write b`. */
const { protocol } = resource("rows", "operation");
const orders = {
  protocol: {
    ...protocol,
    async classify(text: string): Promise<Action[] | Classified> {
      const actions: Action[] = text.split(", ").map((part) => {
        const [effect, on = "*"] = part.split(" ");
        return { effect: effects.find((one) => one === effect) ?? "unknown", on };
      });
      if (!text.startsWith("guess")) return actions;
      return { actions, unclear: `what ${text} is`, beyond: "the resource may know" };
    },
  },
  config: undefined,
};
const hold: Guardrail<"operation"> = {
  ...guardrail("approve", ["operation"], ["write"]),
  open: () => ({ prepare: () => "willHold" }),
};
const quota: Guardrail<"operation"> = {
  ...guardrail("quota", ["operation"], ["delete"]),
  open: () => ({ prepare: () => ({ deny: { code: "quota", message: "enough" } }) }),
};
const policy = gateway({
  listen: {},
  identity: [provider],
  resources: { orders, dumb: resource("lines", "operation") },
  rules: [
    { name: "all hands", who: anyone, on: "orders", may: ["read", "write", "delete"], under: [quota, hold] },
  ],
});
const ask = (text: string) => explain(policy, somebody("alice"), "orders", text);

test("each action with its rule and why, the guardrails and the verdict", async () => {
  expect(await ask("read a")).toEqual({
    identity: "alice",
    resource: "orders",
    text: "read a",
    policyVersion: "unloaded",
    verdict: "allow",
    allowed: true,
    held: false,
    steps: [
      { action: { effect: "read", on: "a" }, rule: "all hands", why: "rule all hands lets anyone: read" },
    ],
    rules: ["all hands"],
    guardrails: [],
  });
});

test("a guardrail that will ask, one that refuses, and a text that no rule allows", async () => {
  expect(await ask("read a, write b")).toMatchObject({
    verdict: "hold",
    allowed: true,
    held: true,
    guardrails: ["approve"],
  });
  expect(await ask("delete a, write b")).toMatchObject({
    verdict: "deny",
    held: false,
    reason: { code: "quota" },
  });
  expect(await ask("read a, drop a")).toMatchObject({
    verdict: "deny",
    reason: { code: "policy.denied", message: "unknown on a is not allowed on orders for alice" },
    guardrails: [],
  });
});

test("what a protocol says of what it could not tell, and of what it does not know by itself", async () => {
  expect(await ask("guess")).toMatchObject({
    verdict: "deny",
    unclear: "what guess is",
    beyond: "the resource may know",
    reason: { message: "unknown on * is not allowed on orders for alice: what guess is" },
  });
  expect(await ask(`guess ${"x".repeat(5_000)}`)).toMatchObject({
    reason: { message: expect.stringMatching(/^unknown .{5000,5100}: what guess x+…$/) },
  });
});

test("a resource that is not there, and one that cannot be explained", async () => {
  const code = (name: string) => explain(policy, somebody("alice"), name, "").catch((error) => error.code);
  expect(await code("ordres")).toBe("explain.resource");
  expect(await code("dumb")).toBe("explain.protocol");
});
