import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Kubectl, type KubectlBinary, kubectls } from "../clients/kubectl.ts";
import { testWith } from "../needs.ts";
import {
  type Exchange,
  firstDifference,
  Names,
  parsedAnswer,
  recordedValue,
  recordings,
  replay,
  Setup,
  structure,
} from "./kubernetes/replay.ts";
import { authenticated, type KubernetesServer, startKubernetes } from "./kubernetes.ts";

const admin = authenticated("admin", ["system:masters"]);

/** How many exchanges of each recording are answered alike; `POSTERN_REPLAY=1` prints what the others differ in. */
const alike: Readonly<Record<string, number>> = {
  "03-discovery-curl": 16,
  "04-namespaces": 19,
  "05-get-list": 49,
  "06-describe-events": 20,
  "07-create-apply-client": 73,
  "08-server-side-apply": 10,
  "09-patch": 15,
  "10-replace": 13,
  "11-delete": 60,
  "12-label-annotate": 32,
  "13-watch": 4,
  "15-configmaps-secrets": 38,
  "16-pods": 48,
  "17-workloads": 82,
  "18-crd-custom-resource": 112,
  "19-edit": 6,
  "20-rbac": 47,
  "21-auth-can-i-reviews": 57,
  "22-token-request": 10,
  "23-impersonation": 11,
  "24-raw": 10,
  "25-errors": 84,
  "26-pagination": 15,
  "27-protobuf": 9,
  "28-dry-run": 23,
  "29-exec-attach-portforward-logs-no-kubelet": 58,
  "30-exec-attach-logs-fake-kubelet": 14,
};

describe("exchanges recorded from a real API server 1.20", () => {
  let server: KubernetesServer;
  beforeAll(async () => {
    const here = { groups: [""], namespaces: ["fx"] };
    server = await startKubernetes({
      version: "1.20",
      nodes: false,
      issuer: "https://127.0.0.1:16443",
      tokens: {
        "admin-token": admin,
        "dev-token": authenticated("dev", ["devs"]),
        "proxy-token": authenticated("gw", ["gateways"]),
        "sa:fx:bot": authenticated("system:serviceaccount:fx:bot", ["system:serviceaccounts"]),
      },
      rules: {
        devs: [{ ...here, verbs: ["get", "list", "watch"], resources: ["pods", "configmaps"] }],
        "system:serviceaccount:fx:bot": [{ ...here, verbs: ["get", "list"], resources: ["configmaps"] }],
        gateways: [
          { verbs: ["impersonate"], groups: [""], resources: ["users"], names: ["dev"] },
          { verbs: ["impersonate"], groups: [""], resources: ["groups"], names: ["devs"] },
        ],
      },
    });
  });
  afterAll(() => server.close());

  const names = new Names();
  for (const { name, exchanges } of recordings())
    test(name, async () => {
      const setup = new Setup(server.cluster);
      const where = { port: server.port, ca: server.authority.certificate };
      const differences: string[] = [];
      for (const exchange of exchanges) {
        setup.before(exchange, names);
        const answer = await replay(where, exchange, names);
        const own = parsedAnswer(answer.type, answer.body);
        names.learn(recordedValue(exchange), own);
        const difference =
          answer.status !== exchange.status
            ? `status ${exchange.status}, here ${answer.status}`
            : answer.type !== exchange.type
              ? `type ${exchange.type}, here ${answer.type}`
              : firstDifference(structure(recorded(exchange, names)), structure(own));
        if (difference !== undefined)
          differences.push(`${exchange.step} ${exchange.method} ${exchange.path}: ${difference}`);
      }
      if (process.env.POSTERN_REPLAY)
        console.log(
          `${name} ${exchanges.length - differences.length}/${exchanges.length}\n${differences.join("\n")}`,
        );
      expect(exchanges.length - differences.length).toBeGreaterThanOrEqual(alike[name] ?? exchanges.length);
    }, 30_000);
});

function recorded(exchange: Exchange, names: Names) {
  const { answer = "", answerBase64, type } = exchange;
  return answerBase64 ? recordedValue(exchange) : parsedAnswer(type, Buffer.from(names.own(answer)));
}

const long = process.env.POSTERN_LONG !== undefined;
const all = kubectls();
const chosen = long ? all : [...new Set([all[0], all.at(-1)])].filter((one) => one !== undefined);

if (all.length === 0)
  testWith("no kubectl (apt install kubernetes-client)")("kubectl", () => Promise.resolve());
for (const binary of chosen) describe(`kubectl ${binary.version}`, () => real(binary));

function real(binary: KubectlBinary): void {
  let server: KubernetesServer;
  let kubectl: Kubectl;
  beforeAll(async () => {
    server = await startKubernetes({ tokens: { "admin-token": admin } });
    kubectl = new Kubectl(binary, {
      server: server.url,
      ca: server.authority.certificate,
      token: "admin-token",
    });
    await done("run", "app", "--image=x:1", "--command", "--", "sh", "-c", "echo one; echo two; sleep 1000");
  });
  afterAll(async () => {
    kubectl.close();
    await server.close();
  });

  const done = async (...args: string[]) => {
    const { code, stdout, stderr } = await kubectl.run(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  };

  test("create, get, label, three patches, edit, delete", async () => {
    await done("create", "configmap", "cm", "--from-literal=a=1");
    await done("label", "configmap", "cm", "team=blue");
    await done("patch", "configmap", "cm", "-p", '{"data":{"b":"2"}}');
    await done("patch", "configmap", "cm", "--type=merge", "-p", '{"data":{"c":"3"}}');
    await done(
      "patch",
      "configmap",
      "cm",
      "--type=json",
      "-p",
      '[{"op":"add","path":"/data/d","value":"4"}]',
    );
    const script = kubectl.file("editor.sh", `sed -i 's/d: "4"/d: "5"/' "$1"\n`);
    const editor = await kubectl.run(["edit", "configmap", "cm"], { env: { EDITOR: `sh ${script}` } });
    expect(editor.stderr).toBe("");
    expect(JSON.parse(await done("get", "configmap", "cm", "-o", "json")).data).toEqual({
      a: "1",
      b: "2",
      c: "3",
      d: "5",
    });
    expect(await done("get", "configmap", "-l", "team=blue", "-o", "name")).toBe("configmap/cm\n");
    await done("delete", "configmap", "cm");
    expect((await kubectl.run(["get", "configmap", "cm"])).stderr).toContain('configmaps "cm" not found');
  }, 60_000);

  test("apply, server-side apply and its conflicts, rollout, scale", async () => {
    const file = kubectl.file("web.json", JSON.stringify(deployment));
    await done("apply", "-f", file);
    await done("rollout", "status", "deployment/web");
    await done("scale", "deployment/web", "--replicas=3");
    expect((await done("get", "pods", "-l", "app=web", "-o", "name")).trim().split("\n")).toHaveLength(3);
    const map = kubectl.file(
      "map.json",
      JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ssa" }, data: { k: "v" } }),
    );
    const other = kubectl.file(
      "other.json",
      JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ssa" }, data: { k: "w" } }),
    );
    await done("apply", "--server-side", "--field-manager=one", "-f", map);
    expect(
      (await kubectl.run(["apply", "--server-side", "--field-manager=two", "-f", other])).stderr,
    ).toContain('conflict with "one"');
    await done("apply", "--server-side", "--force-conflicts", "--field-manager=two", "-f", other);
    expect(await done("get", "configmap", "ssa", "-o", "jsonpath={.data.k}")).toBe("w");
  }, 60_000);

  test("exec with exit codes, stdin and a terminal; logs; cp", async () => {
    const ran = await kubectl.run(["exec", "app", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    expect([ran.code, ran.stdout]).toEqual([7, "out\n"]);
    expect(ran.stderr).toContain("err\n");
    expect((await kubectl.run(["exec", "-i", "app", "--", "cat"], { stdin: "hello" })).stdout).toBe("hello");
    const screen = await kubectl.onTerminal([
      "exec",
      "-it",
      "app",
      "--",
      "sh",
      "-c",
      "test -t 1 && stty size; exit 4",
    ]);
    expect(screen.code).toBe(4);
    expect(screen.stdout).toContain("31 101");
    expect(await done("logs", "app")).toBe("one\ntwo\n");
    kubectl.file("file.txt", "copied\n");
    await done("cp", "file.txt", "app:there.txt");
    expect(await done("exec", "app", "--", "cat", "there.txt")).toBe("copied\n");
    await done("cp", "app:there.txt", "back.txt");
    expect(await Bun.file(`${kubectl.home}/back.txt`).text()).toBe("copied\n");
  }, 60_000);

  test("logs -f and watch tell what comes", async () => {
    const logs = kubectl.start(["logs", "-f", "app"]);
    const watching = kubectl.start(["get", "configmap", "-w", "-o", "name"]);
    const [lines, events] = [reader(logs.stdout), reader(watching.stdout)];
    await lines.until("two");
    const pod = server.cluster.store.get("/pods", "default", "app");
    const container = pod && server.kubelet?.container(pod, "");
    if (container) server.kubelet?.write(container, "three");
    await lines.until("three");
    await events.until("configmap/");
    await done("create", "configmap", "new");
    await events.until("configmap/new");
    logs.kill();
    watching.kill();
  }, 60_000);

  test("port-forward", async () => {
    const web = Bun.serve({ port: 0, fetch: () => new Response("pong") });
    server.kubelet?.ports.set(80, web.port ?? 0);
    const forward = kubectl.start(["port-forward", "pod/app", ":80"]);
    const said = await reader(forward.stdout).until("-> 80");
    const port = /127\.0\.0\.1:(\d+)/.exec(said)?.[1];
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("pong");
    forward.kill();
    await web.stop(true);
  }, 60_000);

  test("questions: can-i, explain, api-resources, describe, --raw", async () => {
    expect(await done("auth", "can-i", "delete", "pods")).toBe("yes\n");
    expect(await done("explain", "pod.spec.containers")).toContain(
      "List of containers belonging to the pod.",
    );
    expect(await done("api-resources")).toContain("deployments");
    expect(await done("describe", "pod", "app")).toContain("Image:         x:1");
    expect(JSON.parse(await done("get", "--raw", "/api/v1/namespaces/default")).kind).toBe("Namespace");
  }, 60_000);
}

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "x:1" }] } },
  },
};

/** What a process prints, read until a text has come. */
function reader(stream: ReadableStream<Uint8Array>) {
  const source = stream.getReader();
  let said = "";
  return {
    async until(text: string): Promise<string> {
      while (!said.includes(text)) {
        const { done, value } = await source.read();
        if (done) throw new Error(`${text} did not come: ${said}`);
        said += Buffer.from(value).toString();
      }
      return said;
    },
  };
}
