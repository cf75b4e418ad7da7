import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Canaries } from "../canary.ts";
import { Kubectl, kubectls } from "../clients/kubectl.ts";
import { needs, testWith } from "../needs.ts";
import { toProtobuf } from "../servers/kubernetes/protobuf/envelope.ts";
import type { KubeObject } from "../servers/kubernetes.ts";
import { type Answered, Caller, leaks } from "./kubernetes-caller.ts";
import { KubernetesDoor } from "./kubernetes-door.ts";

/** Issue 6, 3: no way to read a masked Secret. Each attack is searched for the value in every form, to the byte. */

const canary = "canary.Hs9x2/secret+value=71c3";
const canaries = new Canaries(canary);
const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");
const release = base64(gzipSync(JSON.stringify({ name: "shop", manifest: `password: ${canary}` })));
const secret = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  type: "Opaque",
  metadata: {
    name,
    namespace: "default",
    labels: { app: "shop" },
    annotations: {
      "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace: "default", annotations: {} },
        stringData: { password: canary },
        data: { again: base64(canary) },
      })}\n`,
      "objectset.rio.cattle.io/applied": base64(gzipSync(JSON.stringify({ data: { password: canary } }))),
      "example.com/copied": canary,
      "example.com/encoded": base64(canary),
    },
  },
  data: { password: base64(canary), user: base64("shop") },
});
const template = {
  metadata: { labels: { app: "web" } },
  spec: {
    containers: [
      {
        name: "main",
        image: "busybox",
        env: [
          { name: "DB_PASSWORD", value: canary },
          { name: "TIER", value: "back" },
        ],
      },
    ],
  },
};
const one = "/api/v1/namespaces/default/secrets/db";
const all = "/api/v1/namespaces/default/secrets";
const workloads = "/apis/apps/v1/namespaces/default";
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

let door: KubernetesDoor;
let caller: Caller;
/** Everything that any caller was answered. */
const answered: string[] = [];

beforeAll(async () => {
  door = await KubernetesDoor.open({
    plugins: ["maskSecrets", "mask"],
    words: ["group"],
    rules: `{ who: group("masked"), on: "prod", may: "all", under: [
      maskSecrets({ environment: ["*password*"], configMaps: ["*.key"] }),
      mask({ answers: "stream", detect: ["cloudkey"] }),
    ] }`,
  });
  for (const name of ["db", "other", "gone"]) door.cluster.put("/secrets", secret(name));
  door.cluster.put("/secrets", {
    ...secret("sh.helm.release.v1.shop.v1"),
    type: "helm.sh/release.v1",
    data: { release: base64(release) },
  });
  const meta = (name: string, labels = {}) => ({ name, namespace: "default", labels });
  door.cluster.put("/configmaps", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: meta("shop.v1", { owner: "helm" }),
    data: { release },
  });
  door.cluster.put("/configmaps", {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: meta("keys"),
    data: { "tls.key": canary, "tls.crt": "public" },
    binaryData: { "raw.key": base64(canary) },
  });
  for (const [kind, resource] of [
    ["Deployment", "deployments"],
    ["StatefulSet", "statefulsets"],
    ["DaemonSet", "daemonsets"],
  ] as const) {
    const spec = { selector: { matchLabels: { app: "web" } }, template };
    const object = { apiVersion: "apps/v1", kind, metadata: meta("web"), spec };
    door.cluster.put(`apps/${resource}`, {
      ...object,
      metadata: {
        ...object.metadata,
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(object) },
      },
    });
  }
  door.cluster.put("apps/controllerrevisions", {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: meta("web-1"),
    data: { spec: { template } },
    revision: 1,
  });
  door.cluster.put("/podtemplates", {
    apiVersion: "v1",
    kind: "PodTemplate",
    metadata: meta("web"),
    template,
  });
  door.cluster.put("batch/cronjobs", {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: meta("web"),
    spec: { schedule: "* * * * *", jobTemplate: { spec: { template } } },
  });
  caller = new Caller(door, await door.credential("mallory", "masked"));
}, 30_000);
afterAll(() => door?.close());

function nothingIn(where: string, bytes: Buffer): void {
  answered.push(where);
  expect(leaks(canaries, where, bytes)).toEqual([]);
}

/** It was answered, with what was looked for masked. */
function masked(where: string, answer: Answered, status = 200): void {
  expect([where, answer.status]).toEqual([where, status]);
  expect(answer.text).toMatch(/KioqKg==|\*{4}/);
  nothingIn(where, answer.bytes);
}

test("the search finds the value where there is no mask", async () => {
  const bytes = Buffer.from(JSON.stringify(secret("db")));
  expect(leaks(canaries, "plain", bytes)).not.toEqual([]);
  expect(leaks(canaries, "helm", Buffer.from(base64(release)))).not.toEqual([]);
  expect(leaks(canaries, "gzip", gzipSync(bytes))).not.toEqual([]);
});

describe("read in every form", () => {
  test.each([
    ["one", one, {}],
    ["a list", all, {}],
    ["all namespaces", "/api/v1/secrets", {}],
    ["one by selector", `${all}?fieldSelector=metadata.name%3Ddb`, {}],
    ["a page", `${all}?limit=1`, {}],
    ["pretty", `${one}?pretty=true`, {}],
    ["escaped letters in the path", "/api/v1/namespaces/default/%73ecrets/db", {}],
    ["a Table of whole objects", `${all}?includeObject=Object`, { Accept: table }],
    ["a Table, or JSON", `${all}?includeObject=Object`, { Accept: `${table},application/json` }],
    ["metadata alone", one, { Accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" }],
    [
      "metadata of a list",
      all,
      { Accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" },
    ],
    ["a Table", all, { Accept: table }],
    ["protobuf", one, { Accept: "application/vnd.kubernetes.protobuf" }],
    ["a list in protobuf", all, { Accept: "application/vnd.kubernetes.protobuf" }],
    ["protobuf before JSON", one, { Accept: "application/vnd.kubernetes.protobuf,application/json" }],
    ["protobuf by weight", one, { Accept: "application/json;q=0.1,application/vnd.kubernetes.protobuf;q=1" }],
    [
      "metadata in protobuf",
      all,
      { Accept: "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" },
    ],
    ["YAML", one, { Accept: "application/yaml" }],
    ["YAML before JSON", one, { Accept: "application/yaml;q=1, application/json;q=0" }],
    ["CBOR", one, { Accept: "application/cbor" }],
    ["anything", one, { Accept: "*/*" }],
    ["anything of an application", one, { Accept: "application/*" }],
    ["gzip", all, { "Accept-Encoding": "gzip" }],
    ["a part", one, { Range: "bytes=200-400" }],
    ["a Helm release", `${all}/sh.helm.release.v1.shop.v1`, {}],
    ["a Helm release in a ConfigMap", "/api/v1/namespaces/default/configmaps/shop.v1", {}],
    ["keys in ConfigMaps", "/api/v1/configmaps", {}],
    ["a Deployment's environment", `${workloads}/deployments/web`, {}],
    ["Deployments in a Table", `${workloads}/deployments?includeObject=Object`, { Accept: table }],
    [
      "a StatefulSet's in protobuf",
      `${workloads}/statefulsets/web`,
      { Accept: "application/vnd.kubernetes.protobuf" },
    ],
    ["a DaemonSet's", `${workloads}/daemonsets`, {}],
    ["an old revision's", `${workloads}/controllerrevisions`, {}],
    ["a PodTemplate's", "/api/v1/podtemplates", {}],
    ["a CronJob's", "/apis/batch/v1/cronjobs", {}],
  ] as const)("%s", async (name, path, headers) => {
    const answer = await caller.ask(path, { headers });
    expect([name, answer.status]).toEqual([name, 200]);
    nothingIn(name, answer.bytes);
    const whole = !name.startsWith("metadata") && name !== "a Table" && name !== "gzip";
    if (whole) expect(answer.text).toMatch(/KioqKg==|\*{4}/);
  });

  test("the keys stay, and what is no secret", async () => {
    const { text } = await caller.ask(one);
    const shown = JSON.parse(text);
    expect(shown.data).toEqual({ password: "KioqKg==", user: "KioqKg==" });
    expect(shown.metadata.labels).toEqual({ app: "shop" });
    const web = JSON.parse((await caller.ask(`${workloads}/deployments/web`)).text);
    expect(web.spec.template.spec.containers[0].env).toEqual([
      { name: "DB_PASSWORD", value: "****" },
      { name: "TIER", value: "back" },
    ]);
    const keys = JSON.parse((await caller.ask("/api/v1/namespaces/default/configmaps/keys")).text);
    expect(keys.data).toEqual({ "tls.key": "****", "tls.crt": "public" });
    expect(keys.binaryData).toEqual({ "raw.key": "KioqKg==" });
  });
});

describe("watched", () => {
  test.each([
    ["JSON", `${all}?watch=true`, {}],
    ["one", `${all}?watch=1&fieldSelector=metadata.name%3Ddb`, {}],
    ["the old path", "/api/v1/watch/namespaces/default/secrets/db", {}],
    ["a Table", `${all}?watch=true&includeObject=Object`, { Accept: table }],
    ["protobuf", `${all}?watch=true`, { Accept: "application/vnd.kubernetes.protobuf;stream=watch" }],
    ["environments", `${workloads}/deployments?watch=true`, {}],
  ] as const)("%s", async (name, path, headers) => {
    const answer = await caller.ask(path, { headers, until: "\n" });
    masked(`watch: ${name}`, answer);
  });

  test.each([
    ["text", []],
    ["base64", ["base64.binary.k8s.io"]],
    ["binary", ["binary.k8s.io"]],
  ])("over a WebSocket: %s", async (name, protocols) => {
    nothingIn(`socket: ${name}`, await caller.socket(`${all}?watch=true`, ...protocols));
  });
});

const merge = "application/merge-patch+json";
const jsonPatch = "application/json-patch+json";
const strategic = "application/strategic-merge-patch+json";
const applied = "application/apply-patch+yaml";
const labelled = { metadata: { labels: { tier: "back" } } };

describe("answers to writes", () => {
  test.each([
    ["a merge patch", one, "PATCH", merge, labelled],
    ["a strategic merge patch", one, "PATCH", strategic, labelled],
    ["a JSON patch", one, "PATCH", jsonPatch, [{ op: "add", path: "/metadata/labels/x", value: "y" }]],
    [
      "an apply",
      `${one}?fieldManager=m`,
      "PATCH",
      applied,
      { apiVersion: "v1", kind: "Secret", metadata: { name: "db", labels: { z: "y" } } },
    ],
    ["a dry run", `${one}?dryRun=All`, "PATCH", merge, labelled],
    ["a dry run of a deletion", `${all}?dryRun=All`, "DELETE", undefined, undefined],
    ["an environment's", `${workloads}/deployments/web`, "PATCH", merge, labelled],
  ] as const)("%s", async (name, path, method, type, body) => {
    const answer = await caller.ask(path, { method, ...(type ? { type, body } : {}) });
    masked(`write: ${name}`, answer);
  });

  test.each([
    [
      "copies a value to an annotation",
      [{ op: "copy", from: "/data/password", path: "/metadata/annotations/stolen" }],
    ],
    ["copies all of them", [{ op: "copy", from: "/data", path: "/metadata/annotations" }]],
    ["moves a value to a label", [{ op: "move", from: "/data/password", path: "/metadata/labels/x" }]],
    ["copies the whole object", [{ op: "copy", from: "", path: "/x" }]],
    ["tries a value", [{ op: "test", path: "/data/password", value: base64("guess") }]],
    [
      "copies, among others",
      [
        { op: "add", path: "/metadata/labels/x", value: "y" },
        { op: "copy", from: "/data/password", path: "/metadata/annotations/stolen" },
      ],
    ],
  ] as const)("a JSON patch that %s is refused", async (name, body) => {
    const answer = await caller.ask(`${one}?dryRun=All`, { method: "PATCH", type: jsonPatch, body });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain("mask.carried-over");
    nothingIn(`patch: ${name}`, answer.bytes);
  });

  test.each([
    [
      "two keys",
      '[{"op":"copy","from":"/metadata/name","from":"/data/password","path":"/metadata/annotations/stolen"}]',
    ],
    ["an escape", '[{"op":"copy","\\u0066rom":"/data/password","path":"/metadata/annotations/stolen"}]'],
    [
      "an escaped path",
      '[{"op":"copy","from":"\\u002fdata\\/password","path":"/metadata/annotations/stolen"}]',
    ],
    [
      "a byte order mark",
      '\ufeff[{"op":"copy","from":"/data/password","path":"/metadata/annotations/stolen"}]',
    ],
  ])("nor does it pass with %s", async (name, body) => {
    const answer = await caller.ask(one, { method: "PATCH", type: jsonPatch, body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    nothingIn(`patch: ${name}`, answer.bytes);
    expect((await caller.ask(one)).text).not.toContain("stolen");
  });

  test("a token of a service account", async () => {
    const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
    door.cluster.put("/serviceaccounts", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "bot", namespace: "default" },
    });
    const { text, status } = await caller.ask("/api/v1/namespaces/default/serviceaccounts/bot/token", {
      method: "POST",
      body,
    });
    expect([status, JSON.parse(text).status.token]).toEqual([201, "****"]);
  });

  test.each([
    [
      "a conflict",
      one,
      "PUT",
      { ...secret("db"), metadata: { name: "db", resourceVersion: "1" }, data: { password: base64("new") } },
    ],
    ["a name that is taken", all, "POST", { ...secret("db"), metadata: { name: "db" }, data: {} }],
    [
      "an object of another type",
      one,
      "PUT",
      { ...secret("db"), type: "kubernetes.io/tls", metadata: { name: "db" }, data: {} },
    ],
  ] as const)("an error: %s", async (name, path, method, body) => {
    const answer = await caller.ask(path, { method, body });
    expect([name, answer.status]).toEqual([name, answer.status < 400 ? 400 : answer.status]);
    nothingIn(`error: ${name}`, answer.bytes);
  });
});

describe("what was masked is not written back", () => {
  const shown = (over: object = {}) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "db" },
    data: { password: "KioqKg==" },
    ...over,
  });
  const env = { env: [{ name: "DB_PASSWORD", value: "****" }] };
  const yaml = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ndata: {password: KioqKg==}\n";
  test.each([
    ["an update", "PUT", one, "application/json", shown()],
    ["an update in YAML", "PUT", one, "application/yaml", yaml],
    ["an update in protobuf", "PUT", one, "application/vnd.kubernetes.protobuf", toProtobuf(shown())],
    ["as text", "PUT", one, "application/json", shown({ data: {}, stringData: { password: "****" } })],
    ["a merge patch", "PATCH", one, merge, { data: { password: "KioqKg==" } }],
    ["a strategic one", "PATCH", one, strategic, { stringData: { password: "****" } }],
    ["a JSON patch", "PATCH", one, jsonPatch, [{ op: "replace", path: "/data/password", value: "KioqKg==" }]],
    ["an apply", "PATCH", `${one}?fieldManager=m&force=true`, applied, shown()],
    ["an apply in YAML", "PATCH", `${one}?fieldManager=m&force=true`, applied, yaml],
    [
      "what kubectl apply remembers",
      "PATCH",
      one,
      merge,
      { metadata: { annotations: { x: JSON.stringify(shown()) } } },
    ],
    ["another Secret", "POST", all, "application/json", shown({ metadata: { name: "new" } })],
    [
      "an environment",
      "PATCH",
      `${workloads}/deployments/web`,
      strategic,
      { spec: { template: { spec: { containers: [{ name: "main", ...env }] } } } },
    ],
  ] as const)("%s", async (name, method, path, type, body) => {
    const answer = await caller.ask(path, { method, type, body });
    expect([name, answer.status]).toEqual([name, 403]);
    expect(answer.text).toMatch(/mask\.written-back|policy\./);
    nothingIn(`written back: ${name}`, answer.bytes);
    const stored = door.cluster.cluster.store.get("/secrets", "default", "db");
    expect(stored).toMatchObject({ data: { password: base64(canary) } });
  });

  test("a new value is stored, and shown masked", async () => {
    const answer = await caller.ask(`${all}/other`, {
      method: "PATCH",
      type: merge,
      body: { data: { password: base64("new") } },
    });
    masked("new value", answer);
    const stored = door.cluster.cluster.store.get("/secrets", "default", "other");
    expect(stored).toMatchObject({ data: { password: base64("new") } });
  });
});

const newest = kubectls().at(-1) ?? { path: "kubectl", version: "none" };

describe(`kubectl ${newest.version}`, () => {
  const commands = [
    ["get", "secret", "db", "-o", "yaml"],
    ["get", "secret", "db", "-o", "json", "--show-managed-fields"],
    ["get", "secrets", "-o", "jsonpath={.items[*].data.password}"],
    ["get", "secret", "db", "-o", "go-template={{range $k,$v := .data}}{{$v|base64decode}}{{end}}"],
    ["get", "secrets", "-o", "custom-columns=P:.data.password"],
    ["get", "secret", "db", "-o", "jsonpath={.metadata.annotations}"],
    ["describe", "secret", "db"],
    ["describe", "deployment", "web"],
    ["get", "all,secrets,configmaps", "-A", "-o", "yaml"],
    ["set", "env", "deployment/web", "--list"],
    ["label", "secret", "db", "seen=yes", "--overwrite", "-o", "yaml"],
    ["apply", "view-last-applied", "secret", "db"],
  ];

  for (const args of commands) {
    testWith(needs.kubectl)(args.join(" "), async () => {
      const kubectl = new Kubectl(newest, door.login(caller.token));
      try {
        const { stdout, stderr, code } = await kubectl.run(args);
        expect([stderr, code]).toEqual([expect.any(String), 0]);
        nothingIn(args.join(" "), Buffer.from(stdout + stderr));
      } finally {
        kubectl.close();
      }
    });
  }

  testWith(needs.kubectl)("edit, exec and logs with detectors on", async () => {
    const kubectl = new Kubectl(newest, door.login(caller.token));
    const key = new Canaries("AKIAQ3EGTWNPXKJZVMRB");
    // As ROT13, so that the request does not hold it.
    const command = ["sh", "-c", "echo token=NXVND3RTGJACKXWMIZEO | tr A-Z N-ZA-M; sleep 600"];
    try {
      const edited = await kubectl.run(["edit", "secret", "db"], { env: { KUBE_EDITOR: "cat" } });
      expect(edited.stdout).toContain("KioqKg==");
      nothingIn("edit", Buffer.from(edited.stdout + edited.stderr));
      const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "talker" },
        spec: { containers: [{ name: "main", image: "busybox", command }] },
      };
      await kubectl.run(["create", "-f", "-"], { stdin: JSON.stringify(pod) });
      await kubectl.run(["wait", "--for=condition=Ready", "pod/talker", "--timeout=20s"]);
      const run = await kubectl.run([
        "exec",
        "talker",
        "--",
        "sh",
        "-c",
        "echo token=NXVND3RTGJACKXWMIZEO | tr A-Z N-ZA-M",
      ]);
      expect([run.stderr, run.stdout]).toEqual([expect.any(String), expect.stringContaining("token=****")]);
      await door.web.until(
        "the pod has said it",
        async () => (await kubectl.run(["logs", "talker"])).stdout !== "",
      );
      const logs = await kubectl.run(["logs", "talker"]);
      expect(logs.stdout).toContain("****");
      expect(key.inBytes("output", Buffer.from(run.stdout + logs.stdout))).toEqual([]);
    } finally {
      kubectl.close();
    }
  });
});

test("nothing of it is in the trail, the recordings or the log", () => {
  expect(answered.length).toBeGreaterThan(60);
  const files = readdirSync(door.web.folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(door.web.folder, name))
    .filter((path) => statSync(path).isFile());
  expect(files.some((path) => path.includes("trail"))).toBe(true);
  expect(files.flatMap((path) => leaks(canaries, path, readFileSync(path)))).toEqual([]);
});
