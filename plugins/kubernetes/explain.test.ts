import { expect, test } from "bun:test";
import { classifyText } from "./explain.ts";

const shown = (text: string) => classifyText(text).map(({ effect, on }) => `${effect} ${on}`);

test.each([
  ["get prod/pods/web", "read prod/pods/web"],
  ["list prod/pods/*", "read prod/pods/*"],
  ["watch */secrets/*", "read */secrets/*"],
  ["GET /api/v1/namespaces/prod/pods/web", "read prod/pods/web"],
  ["update prod/deployments.apps/web {}", "write prod/deployments.apps/web"],
  ["patch prod/deployments.apps:scale/web", "write prod/deployments.apps:scale/web"],
  ["delete prod/configmaps/a", "delete prod/configmaps/a"],
  ["create prod/pods:exec/web", "execute prod/pods:exec/web"],
  ["POST /api/v1/namespaces/prod/pods/web/portforward", "connect prod/pods:portforward/web"],
  ["get */nodes/n1", "read */nodes/n1"],
  ["get url:metrics", "read url:metrics"],
  ["GET /version", "read (none)"],
])("%s", (text, action) => {
  expect(shown(text)).toEqual([action]);
});

test("an object behind it counts, as it does in a request", () => {
  const pod = (privileged: boolean) =>
    JSON.stringify({
      kind: "Pod",
      metadata: { name: "web" },
      spec: { containers: [{ name: "a", securityContext: { privileged } }] },
    });
  const target = "POST /api/v1/namespaces/prod/pods";
  expect(shown(`${target} ${pod(true)}`)).toEqual(["write prod/pods/web", "grant prod/pods:privileged/web"]);
  expect(shown(`create prod/pods/* ${pod(false)}`)).toEqual(["write prod/pods/web"]);
});

test("a change of what holds pods is unknown without its object", () => {
  expect(shown("update prod/deployments.apps/web")).toEqual([
    "write prod/deployments.apps/web",
    "unknown prod/deployments.apps/web",
  ]);
});

test.each([
  "",
  "kubectl get pods",
  "steal prod/pods/web",
  "get pods",
  "get prod/pods",
  "GET /api/v1/../x",
  "get a/b/c/d",
])("no request: %s", (text) => {
  expect(() => classifyText(text)).toThrow(expect.objectContaining({ code: "kubernetes.text" }));
});
