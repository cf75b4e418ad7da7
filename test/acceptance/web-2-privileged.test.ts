import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Kubectl, kubectls } from "../clients/kubectl.ts";
import { type HiddenPod, hiddenPods } from "../fixtures/kubernetes-attacks/hidden-pods.ts";
import { needs, testWith } from "../needs.ts";
import type { Received } from "../servers/kubernetes.ts";
import { type Answered, Caller } from "./kubernetes-caller.ts";
import { KubernetesDoor } from "./kubernetes-door.ts";

/** Issue 6, 2: a privileged pod waits for a person, however it is hidden. */

interface Waiting {
  readonly id: string;
  readonly text: string;
}

/** Waiting at once. */
const atOnce = 8;
const everything = [{ verbs: ["*"], groups: ["*"], resources: ["*"] }];
let door: KubernetesDoor;
let dev: Caller;
let reader: Caller;
let lead = "";

beforeAll(async () => {
  door = await KubernetesDoor.open({
    plugins: ["approve"],
    words: ["group", "grant", "write"],
    resource: 'credential: env("CLUSTER_TOKEN"), impersonate: true',
    cluster: { rules: { dev: everything, readers: everything, held: everything } },
    rules: `
      { who: group("dev"), on: "prod", may: ["read", "write", "delete", "execute", "connect"] },
      { who: group("dev"), on: "prod", may: [grant("pods:privileged")], under: [approve({ by: group("leads"), within: "15m" })] },
      { who: group("readers"), on: "prod", may: ["read", write("default/configmaps/allowed")] },
      { who: group("held"), on: "prod", may: "all", under: [approve({ by: group("leads"), within: "15m" }).for("write")] },
    `,
  });
  door.cluster.put("apiextensions.k8s.io/customresourcedefinitions", {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.test" },
    spec: {
      group: "example.test",
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
    status: { conditions: [{ type: "Established", status: "True" }] },
  });
  door.cluster.mutate((object) => {
    if (object.metadata.labels?.hooked !== "yes" || object.kind !== "Deployment") return;
    const spec = object.spec as { template: { spec: Record<string, unknown> } };
    spec.template.spec.hostNetwork = true;
  });
  dev = new Caller(door, await door.credential("mallory", "dev"));
  reader = new Caller(door, await door.credential("rita", "readers"));
  lead = await door.web.token("lena", "leads");
}, 30_000);
afterAll(() => door?.close());

const isDry = ({ target }: Received) => /[?&]dryRun=All/.test(target);
const seen = (name: string) =>
  door.cluster.received.filter(({ target, body }) => target.includes(name) || body.includes(name));

/** Sends it; the answer comes once somebody has said yes or no. */
function send(attack: HiddenPod, name: string): Promise<Answered> {
  if (attack.before) door.cluster.put(attack.before[0], attack.before[1](name));
  const path = attack.path.replace("NAME", name);
  return dev.ask(path, { method: attack.method, type: attack.type, body: attack.body(name) });
}

/** What waits with one of these names in it; all of them have to. */
async function waiting(names: readonly string[]): Promise<Map<string, Waiting>> {
  const found = new Map<string, Waiting>();
  await door.web.until(`all wait: ${names.join(", ")}`, async () => {
    for (const one of await door.web.json<(Waiting & { parameters?: string[] })[]>("approvals", "list")) {
      const whole = JSON.stringify(one);
      const name = names.find((each) => whole.includes(each));
      if (name !== undefined) found.set(name, one);
    }
    return found.size === names.length;
  });
  return found;
}

const named = hiddenPods.map((attack, index) => [`atk${String(index).padStart(2, "0")}q`, attack] as const);
const groups = Array.from({ length: Math.ceil(named.length / atOnce) }, (_, at) =>
  named.slice(at * atOnce, (at + 1) * atOnce),
);

test("the attacks are as many as the issue asks for", () => {
  expect(named.length).toBeGreaterThanOrEqual(60);
});

describe("held, with what makes it privileged, and nothing but dry runs in the cluster", () => {
  for (const group of groups) {
    test(group.map(([, { name }]) => name).join(", "), async () => {
      const answers = group.map(([name, attack]) => send(attack, name));
      const early = answers.map((answer, at) =>
        answer.then(({ status, text }) => {
          throw new Error(`${group[at]?.[1].name} was answered ${status} without anybody's yes: ${text}`);
        }),
      );
      const names = group.map(([name]) => name);
      const holds = await Promise.race([waiting(names), ...early]);
      for (const promise of early) promise.catch(() => undefined);
      const wrong: string[] = [];
      for (const [name, attack] of group) {
        const { text } = holds.get(name as string) as Waiting;
        if (!text.includes(attack.shows)) wrong.push(`${attack.name}: shows ${text}`);
        const before = seen(name);
        if (before.some((one) => !isDry(one))) wrong.push(`${attack.name}: reached the cluster`);
        if (attack.asked !== before.length > 0) wrong.push(`${attack.name}: ${before.length} dry runs`);
      }
      expect(wrong).toEqual([]);
      // The first is let through, the others are not.
      const decided = group.map(([name], at) =>
        door.web.answer((holds.get(name) as Waiting).id, at === 0 ? "approve" : "deny", lead),
      );
      await Promise.all(decided);
      const [approved, ...denied] = await Promise.all(answers);
      expect([200, 201]).toContain(approved?.status as number);
      expect(denied.map(({ status }) => status)).toEqual(denied.map(() => 403));
      const sent = seen(names[0] as string).filter((one) => !isDry(one));
      expect(sent).toHaveLength(1);
      for (const name of names.slice(1)) expect(seen(name).filter((one) => !isDry(one))).toEqual([]);
    }, 60_000);
  }
});

test("a right that is missing has nothing tried out: not even a dry run reaches the cluster", async () => {
  const before = door.cluster.received.length;
  const tried = named.filter(([, { asked, before: there }]) => asked && !there);
  for (const [name, { method, path, type, body }] of tried) {
    const { status } = await reader.ask(path.replace("NAME", name), { method, type, body: body(`r${name}`) });
    expect(status).toBe(403);
  }
  expect(tried.length).toBeGreaterThan(8);
  expect(door.cluster.received.slice(before)).toEqual([]);
});

const config = (name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data: { a: "1" },
});
const merge = "application/merge-patch+json";
const configMaps = "/api/v1/namespaces/default/configmaps";
const deployments = "/apis/apps/v1/namespaces/default/deployments";

test("what is harmless goes straight on, and only what hides itself is asked about", async () => {
  const spec = { containers: [{ name: "c", image: "a" }] };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "plain0" }, spec };
  const made = await dev.ask("/api/v1/namespaces/default/pods", { method: "POST", body: pod });
  const kept = await dev.ask(configMaps, { method: "POST", body: config("plain1") });
  const patched = await dev.ask(`${configMaps}/plain1`, {
    method: "PATCH",
    type: merge,
    body: { data: { b: "2" } },
  });
  expect([made.status, kept.status, patched.status]).toEqual([201, 201, 200]);
  expect(seen("plain0").map(isDry)).toEqual([false]);
  expect(seen("plain1").map(isDry)).toEqual([false, false]);
  const labels = { metadata: { labels: { a: "b" } } };
  const labelled = await dev.ask("/api/v1/namespaces/default/pods/plain0", {
    method: "PATCH",
    type: merge,
    body: labels,
  });
  expect([labelled.status, ...seen("plain0").map(isDry)]).toEqual([200, false, true, false]);
});

test("how many they are is no new privileged pod", async () => {
  const attack = hiddenPods.find(({ name }) => name.endsWith("a label on what is privileged"));
  if (!attack?.before) throw new Error("there is no such attack");
  door.cluster.put("apps/deployments", attack.before[1]("scaled"));
  const body = { spec: { replicas: 2 } };
  const scaled = await dev.ask(`${deployments}/scaled/scale`, { method: "PATCH", type: merge, body });
  expect(scaled.status).toBe(200);
});

test("a right to create what the body names is enough", async () => {
  const allowed = await reader.ask(configMaps, { method: "POST", body: config("allowed") });
  const other = await reader.ask(configMaps, { method: "POST", body: config("other") });
  expect([allowed.status, other.status]).toEqual([201, 403]);
  expect(seen('"other"')).toEqual([]);
});

test("an apply in YAML to what is there cannot be bound to a version, and is not sent", async () => {
  const attack = hiddenPods.find(({ name }) => name.endsWith("a label on what is privileged"));
  const made = attack?.before?.[1]("yamled");
  if (!made) throw new Error("there is no such attack");
  door.cluster.put("apps/deployments", made);
  const body = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: yamled, labels: {a: b}}\n";
  const path = `${deployments}/yamled?fieldManager=m`;
  const { status } = await dev.ask(path, { method: "PATCH", type: "application/apply-patch+yaml", body });
  expect([status, ...seen("yamled").map(isDry)]).toEqual([403, true]);
});

describe("the object changes between the dry run and the request", () => {
  const web = (hostPID: boolean) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "racy", namespace: "default" },
    spec: {
      replicas: 0,
      selector: { matchLabels: { a: "b" } },
      template: {
        metadata: { labels: { a: "b" } },
        spec: { hostPID, containers: [{ name: "c", image: "a" }] },
      },
    },
  });
  const labels = { x: "y" };
  test.each([
    ["merge", merge, { metadata: { labels } }],
    ["merge, with an empty version", merge, { metadata: { resourceVersion: "", labels } }],
    ["merge, without the version that is there", merge, { metadata: { resourceVersion: null, labels } }],
    ["strategic", "application/strategic-merge-patch+json", { metadata: { labels } }],
    ["JSON", "application/json-patch+json", [{ op: "add", path: "/metadata/labels", value: labels }]],
    [
      "apply",
      "application/apply-patch+yaml",
      { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "racy", labels } },
    ],
  ] as const)("%s patch", async (_name, type, body) => {
    door.cluster.put("apps/deployments", web(false));
    const before = door.cluster.received.length;
    let times = 0;
    const stop = onReceived((one) => {
      if (isDry(one) && times++ === 0) setImmediate(() => door.cluster.put("apps/deployments", web(true)));
    });
    const answer = await dev.ask(`${deployments}/racy?fieldManager=m`, { method: "PATCH", type, body });
    stop();
    expect([409, 422]).toContain(answer.status);
    expect(door.cluster.received.slice(before).map(isDry)).toEqual([true, false]);
    const stored = door.cluster.cluster.store.get("apps/deployments", "default", "racy");
    expect(stored?.metadata.labels).toBeUndefined();
  });
});

/** Until what it returns is called. */
function onReceived(then: (one: Received) => void): () => void {
  const { received } = door.cluster;
  received.push = (...all) => {
    all.forEach(then);
    return Array.prototype.push.apply(received, all);
  };
  return () => void Reflect.deleteProperty(received, "push");
}

test("a dry run that fails is the answer, and nothing else is sent", async () => {
  const before = door.cluster.received.length;
  const body = { metadata: { labels: { a: "b" } } };
  const { status, text } = await dev.ask(`${deployments}/nobody`, { method: "PATCH", type: merge, body });
  expect([status, JSON.parse(text).reason]).toEqual([404, "NotFound"]);
  expect(door.cluster.received.slice(before).map(isDry)).toEqual([true]);
});

test("who approves sees what would come of it, but no Secret of somebody else's", async () => {
  const held = new Caller(door, await door.credential("henry", "held"));
  const value = Buffer.from("canary-of-the-approver").toString("base64");
  const metadata = { name: "shown", namespace: "default" };
  door.cluster.put("/secrets", {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata,
    data: { key: value },
  });
  const body = { metadata: { labels: { a: "b" } } };
  const answer = held.ask("/api/v1/namespaces/default/secrets/shown", { method: "PATCH", type: merge, body });
  const { id } = (await waiting(["shown"])).get("shown") as Waiting;
  const { stdout } = await door.web.postern("approvals", "show", id);
  expect(stdout).toContain("KioqKg==");
  expect(stdout).not.toContain(value);
  await door.web.answer(id, "deny", lead);
  expect((await answer).status).toBe(403);
});

const newest = kubectls().at(-1) ?? { path: "kubectl", version: "none" };

describe(`kubectl ${newest.version}`, () => {
  testWith(needs.kubectl)("run --privileged waits, tells why, and goes on", async () => {
    const kubectl = new Kubectl(newest, door.login(dev.token));
    try {
      const run = kubectl.run(["run", "kpriv", "--image=busybox", "--privileged"]);
      const { id, text } = (await waiting(["kpriv"])).get("kpriv") as Waiting;
      expect(text).toContain("privileged: spec.containers[0]");
      expect(seen("kpriv").filter(({ method }) => method !== "GET")).toEqual([]);
      await door.web.answer(id, "approve", lead);
      expect((await run).stdout).toContain("pod/kpriv created");
      expect(seen("kpriv").filter(({ method }) => method === "POST")).toHaveLength(1);
      const denied = kubectl.run(["run", "kdenied", "--image=busybox", "--privileged"]);
      await door.web.answer(((await waiting(["kdenied"])).get("kdenied") as Waiting).id, "deny", lead);
      const { code, stderr } = await denied;
      expect([code, stderr]).toEqual([1, expect.stringContaining("hold.denied")]);
      expect(seen("kdenied").filter(({ method }) => method === "POST")).toEqual([]);
    } finally {
      kubectl.close();
    }
  });

  testWith(needs.kubectl)("a Job from a CronJob that is privileged waits as well", async () => {
    const kubectl = new Kubectl(newest, door.login(dev.token));
    const spec = { hostNetwork: true, restartPolicy: "Never", containers: [{ name: "c", image: "a" }] };
    door.cluster.put("batch/cronjobs", {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "nightly", namespace: "default" },
      spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template: { spec } } } },
    });
    try {
      const run = kubectl.run(["create", "job", "kjob", "--from=cronjob/nightly"]);
      const { id, text } = (await waiting(["kjob"])).get("kjob") as Waiting;
      expect(text).toContain("hostNetwork");
      expect(seen("kjob").filter((one) => one.method === "POST" && !isDry(one))).toEqual([]);
      await door.web.answer(id, "approve", lead);
      expect((await run).stdout).toContain("kjob created");
    } finally {
      kubectl.close();
    }
  });
});

test("what the gateway asked by itself is in the trail as the gateway's, and changes nothing for the caller", async () => {
  const asked = door.web.entries("admin").filter(({ what }) => what === "asked-resource");
  expect(asked.length).toBeGreaterThan(30);
  expect(asked.every(({ by, target }) => by === "gateway" && target === "prod")).toBe(true);
});

test("a dry run is asked as whoever the request is made as", async () => {
  const whom = ({ headers }: Received) =>
    headers.filter((_, at) => headers[at - 1]?.toLowerCase().startsWith("impersonate-"));
  const writes = door.cluster.received.filter(({ method }) => method === "PATCH");
  const who = ["mallory", "dev", expect.stringMatching(/^ses_/)];
  expect(writes.filter(isDry).map(whom)).toContainEqual(who);
  expect(writes.filter((one) => !isDry(one)).map(whom)).toContainEqual(who);
  expect(door.cluster.received.filter((one) => whom(one).length === 0)).toEqual([]);
});
