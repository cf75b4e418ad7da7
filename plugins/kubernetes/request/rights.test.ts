import { expect, test } from "bun:test";
import { type Action, type Effect, effects } from "../../../core/plugin.ts";
import { connect, define, execute, grant, read, remove, write } from "../../../core/policy/right.ts";
import { commandMatcher, targetMatcher } from "../../../core/policy/target.ts";
import type { Right } from "../../../core/policy.ts";
import { attacks, bodyOf, fieldsOf } from "../../../test/fixtures/kubernetes-attacks/attacks.ts";
import { bodyActions, classifyRequest, isRefused } from "./index.ts";

const none = new Uint8Array();

/** As core decides it: on the target, or what it is within. */
function covers(right: Right, { effect, on, within }: Action): boolean {
  if (right.effect !== effect) return false;
  if (!right.on) return true;
  const matches = effect === "execute" ? commandMatcher(right.on) : targetMatcher(right.on);
  return matches(on) || (within !== undefined && matches(within));
}

function may(rights: readonly Right[], method: string, target: string): boolean {
  const classified = classifyRequest(method, target, [], none);
  return !isRefused(classified) && all(rights, classified.actions);
}

const all = (rights: readonly Right[], actions: readonly Action[]): boolean =>
  actions.every((action) => rights.some((right) => covers(right, action)));

const inProd = "/api/v1/namespaces/prod";

test.each<[string, Right, string, string, boolean]>([
  ["all Secrets", read("secrets"), "GET", "/api/v1/secrets", true],
  ["all Secrets", read("secrets"), "GET", `${inProd}/secrets/s`, true],
  ["all Secrets", read("secrets"), "GET", `${inProd}/configmaps/secrets`, false],
  ["all Secrets", read("secrets"), "GET", "/api/v1/namespaces/secrets/pods", false],
  ["all Secrets", read("secrets"), "GET", "/apis/example.test/v1/secrets", false],
  ["one namespace", read("prod/*"), "GET", `${inProd}/pods?watch=1`, true],
  ["one namespace", read("prod/*"), "GET", "/api/v1/pods", false],
  ["one namespace", read("prod/*"), "GET", "/api/v1/namespaces/production/pods", false],
  ["one namespace", read("prod/*"), "GET", inProd, false],
  ["one namespace", read("prod/*"), "GET", "/version", true],
  [
    "one kind in one namespace",
    write("prod/deployments.apps/*"),
    "PATCH",
    "/apis/apps/v1/namespaces/prod/deployments/a",
    true,
  ],
  [
    "one kind in one namespace",
    write("prod/deployments.apps/*"),
    "PUT",
    "/apis/apps/v1/namespaces/prod/deployments/a/scale",
    false,
  ],
  [
    "one kind in one namespace",
    write("prod/deployments.apps/*"),
    "PUT",
    "/apis/evil.test/v1/namespaces/prod/deployments/a",
    false,
  ],
  [
    "scaling alone",
    write("prod/deployments.apps:scale/*"),
    "PUT",
    "/apis/apps/v1/namespaces/prod/deployments/a/scale",
    true,
  ],
  [
    "scaling alone",
    write("prod/deployments.apps:scale/*"),
    "PUT",
    "/apis/apps/v1/namespaces/prod/deployments/a",
    false,
  ],
  [
    "any Secret by its target",
    read("*/secrets/*"),
    "GET",
    "/apis/apps/v1/namespaces/prod/deployments/secrets/scale",
    false,
  ],
  ["any Secret by its target", read("*/secrets/*"), "GET", "/logs/secrets/x", false],
  ["any Secret by its target", read("*/secrets/*"), "GET", "/api/v1/namespaces/secrets/pods", false],
  ["exec", execute("pods"), "POST", `${inProd}/pods/web/exec`, true],
  ["exec", execute("pods"), "GET", "/api/v1/nodes/pods/proxy/run/x", false],
  ["exec into one", execute("prod/pods:exec/web"), "GET", `${inProd}/pods/web/exec`, true],
  ["exec into one", execute("prod/pods:exec/web"), "GET", `${inProd}/pods/db/exec`, false],
  ["exec into one", execute("prod/pods:exec/web"), "GET", `${inProd}/pods/web/attach`, false],
  [
    "one service",
    connect("prod/services:proxy/web"),
    "GET",
    `${inProd}/services/https:web:8443/proxy/x`,
    true,
  ],
  ["one service", connect("prod/services:proxy/web"), "GET", `${inProd}/services/web:x:y/proxy/`, false],
  ["one service", connect("prod/services:proxy/web"), "GET", `${inProd}/services/web2/proxy/`, false],
  [
    "one pod, watched as kubectl does",
    read("prod/pods/web"),
    "GET",
    `${inProd}/pods?watch=true&fieldSelector=metadata.name%3Dweb`,
    true,
  ],
  ["one pod", read("prod/pods/web"), "GET", `${inProd}/pods`, false],
  ["one pod", read("prod/pods/web"), "GET", `${inProd}/pods/web/log`, false],
])("%s", (_, right, method, target, expected) => {
  expect(may([right], method, target)).toBe(expected);
});

test("no effect but grant covers what the corpus makes privileged, and a rule for it covers just that", () => {
  const others = effects
    .filter((effect) => effect !== "grant")
    .map((effect): Right => ({ effect, label: effect }));
  let seen = 0;
  for (const attack of attacks) {
    const classified = classifyRequest(attack.method, attack.target, fieldsOf(attack), bodyOf(attack));
    if (isRefused(classified)) continue;
    const actions = attack.answer
      ? (bodyActions(classified.info, attack.answer.object)?.actions ?? [])
      : classified.actions;
    if (!actions.some(({ on }) => on.includes(":privileged/"))) continue;
    seen++;
    expect(all(others, actions)).toBe(false);
    expect(all([...others, grant("pods:privileged")], actions)).toBe(true);
    const elsewhere = actions.some(({ on }) => on.startsWith("*/"));
    expect(all([...others, grant("prod/*:privileged/*")], actions)).toBe(!elsewhere);
  }
  expect(seen).toBeGreaterThan(60);
});

test("the right to a usual pod is none to a privileged one, and reads as itself", () => {
  const pod = (privileged: boolean) =>
    JSON.stringify({
      metadata: { name: "web" },
      spec: { containers: [{ name: "c", securityContext: { privileged } }] },
    });
  const actions = (privileged: boolean) => {
    const body = new TextEncoder().encode(pod(privileged));
    const classified = classifyRequest("POST", `${inProd}/pods`, ["Content-Type", "application/json"], body);
    return isRefused(classified) ? [] : classified.actions;
  };
  expect(all([write("pods")], actions(false))).toBe(true);
  expect(all([write("pods"), execute("pods"), remove("pods"), define("pods")], actions(true))).toBe(false);
  expect(actions(true).at(-1)).toEqual({
    effect: "grant" satisfies Effect,
    on: "prod/pods:privileged/web",
    within: "pods:privileged",
    traits: ["privileged"],
  });
});
