import { expect, test } from "bun:test";
import { recorded } from "../../../test/fixtures/kubernetes-attacks/attacks.ts";
import { classifyTarget, isRefused, requestInfo } from "./index.ts";

// What a real kube-apiserver (1.20) took, and what its authorization called it.

test("what it called a request is what it is called here", () => {
  const named = recorded.filter(({ authorized }) => authorized?.[1]);
  expect(named.length).toBeGreaterThan(10);
  for (const { method, target, authorized } of named) {
    const info = requestInfo(method, target);
    if (isRefused(info)) throw new Error(`${target}: ${info.refused}`);
    const { object, verb } = info;
    const resource = [object?.resource, object?.subresource].filter(Boolean).join("/");
    expect([verb, resource, object?.group, object?.namespace]).toEqual([...(authorized ?? [])]);
  }
});

test("all that kubectl and its users sent is known, save what no reader should trust", () => {
  const strange = recorded.flatMap(({ method, target }) => {
    const classified = classifyTarget(method, target);
    if (isRefused(classified)) return [`${target}: ${classified.refused}`];
    return classified.actions.some(({ effect }) => effect === "unknown")
      ? [`${method} ${target}: unknown`]
      : [];
  });
  expect(strange).toEqual([
    "/api/v1/namespaces/fx%2Fconfigmaps: its path has an escape that servers read differently",
  ]);
});

test("what is sent on says the same again", () => {
  for (const { method, target } of recorded) {
    const first = requestInfo(method, target);
    if (isRefused(first)) continue;
    const again = requestInfo(method, first.target);
    expect(again).toEqual(first);
  }
});

test("the same read is the same object again, so that its decision can be kept", () => {
  const target = "/api/v1/namespaces/fx/pods?limit=500";
  expect(classifyTarget("GET", target)).toBe(classifyTarget("GET", target));
  expect(classifyTarget("POST", target)).not.toBe(classifyTarget("POST", target));
});
