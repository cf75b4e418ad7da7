import type { Kubectl, KubectlRun } from "./kubectl.ts";

/** One thing that people do with kubectl. The same list goes to test servers and real clusters, around and through the gateway. */
export interface KubectlStep {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** It does not end by itself: once this is seen on standard output, `meanwhile` runs, until `end` is. */
  readonly follows?: { readonly seen: RegExp; readonly meanwhile: readonly string[]; readonly end: RegExp };
  /** Only its exit code is the same: it prints what no two clusters share. */
  readonly codeOnly?: true;
}

const json = (value: unknown) => JSON.stringify(value);

const labelled = (name: string, data: Readonly<Record<string, string>>) =>
  json({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { app: "list" } }, data });

const pod = (name: string, script: string) =>
  json({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: "list" } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: "busybox:1.36", command: ["sh", "-c", script] }],
    },
  });

const deployment = (replicas: number, tag: string) =>
  json({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [{ name: "main", image: `busybox:${tag}`, command: ["sleep", "600"] }],
        },
      },
    },
  });

const run = (...args: string[]): KubectlStep => ({ args });
const fed = (stdin: string, ...args: string[]): KubectlStep => ({ args, stdin });

/** Everything that is neither a stream of a pod's own (exec, attach, cp, port-forward), in an empty namespace. */
export const kubectlList: readonly KubectlStep[] = [
  // What a cluster is.
  { args: ["version", "-o", "json"] },
  run("api-versions"),
  run("api-resources"),
  run("api-resources", "--namespaced=false", "-o", "name"),
  run("explain", "pods.spec.containers"),
  run("explain", "deployment", "--api-version=apps/v1"),
  run("cluster-info"),
  run("get", "--raw", "/version"),
  run("get", "--raw", "/readyz"),
  run("get", "--raw", "/apis/apps/v1"),
  run("get", "--raw", "/nothing/here"),
  // Reading what is not there.
  run("get", "pods"),
  run("get", "pod", "nobody"),
  run("get", "nonsense"),
  run("get", "secrets,configmaps", "-l", "app=list"),
  // Making.
  fed(labelled("one", { a: "1", b: "2" }), "create", "-f", "-"),
  fed(labelled("one", { a: "1" }), "create", "-f", "-"),
  run("create", "configmap", "two", "--from-literal=k=v"),
  run("create", "secret", "generic", "hush", "--from-literal=password=s3cret"),
  run("create", "serviceaccount", "bot"),
  run("create", "configmap", "never", "--from-literal=k=v", "--dry-run=server"),
  run("create", "configmap", "never", "--from-literal=k=v", "--dry-run=client", "-o", "yaml"),
  run("get", "configmap", "never"),
  // Applying, both ways.
  fed(labelled("three", { a: "1", b: "2" }), "apply", "-f", "-"),
  fed(labelled("three", { a: "2" }), "apply", "-f", "-"),
  fed(labelled("three", { a: "2" }), "apply", "-f", "-"),
  run("get", "configmap", "three", "-o", "jsonpath={.data}"),
  fed(labelled("three", { a: "3" }), "diff", "-f", "-"),
  fed(labelled("three", { a: "2" }), "diff", "-f", "-"),
  fed(labelled("three", { a: "4" }), "apply", "--dry-run=server", "-f", "-"),
  fed(labelled("four", { a: "1", b: "2" }), "apply", "--server-side", "-f", "-"),
  fed(labelled("four", { a: "2" }), "apply", "--server-side", "-f", "-"),
  fed(labelled("four", { a: "9" }), "apply", "--server-side", "--field-manager=other", "-f", "-"),
  fed(
    labelled("four", { a: "9" }),
    "apply",
    "--server-side",
    "--field-manager=other",
    "--force-conflicts",
    "-f",
    "-",
  ),
  run("get", "configmap", "four", "-o", "jsonpath={.data}"),
  // Reading in every form.
  run("get", "configmaps", "-l", "app=list"),
  run("get", "configmaps", "-l", "app=list", "-o", "wide"),
  run("get", "configmaps", "-l", "app=list", "-o", "name"),
  run("get", "configmaps", "-l", "app=list", "-o", "yaml"),
  run("get", "configmaps", "-l", "app=list", "-o", "json"),
  run("get", "configmaps", "-l", "app=list", "--chunk-size=1"),
  run("get", "configmaps", "-l", "app=list", "--sort-by=.metadata.name", "--no-headers"),
  run("get", "configmaps", "-o", "custom-columns=NAME:.metadata.name,A:.data.a", "-l", "app=list"),
  run("get", "secret", "hush", "-o", "jsonpath={.data.password}"),
  run("describe", "configmap", "three"),
  run("describe", "secret", "hush"),
  run("describe", "configmap", "nobody"),
  // Changing.
  run("patch", "configmap", "one", "--type=merge", "-p", '{"data":{"a":"merged"}}'),
  run("patch", "configmap", "one", "--type=json", "-p", '[{"op":"replace","path":"/data/b","value":"json"}]'),
  run("patch", "configmap", "one", "-p", '{"data":{"c":"strategic"}}'),
  run("patch", "configmap", "one", "--type=json", "-p", '[{"op":"test","path":"/data/b","value":"no"}]'),
  run("patch", "configmap", "nobody", "-p", '{"data":{"c":"d"}}'),
  run("get", "configmap", "one", "-o", "jsonpath={.data}"),
  fed(labelled("one", { z: "replaced" }), "replace", "-f", "-"),
  run("get", "configmap", "one", "-o", "jsonpath={.data}"),
  run("label", "configmap", "one", "tier=back"),
  run("label", "configmap", "one", "tier=front"),
  run("label", "configmap", "one", "tier=front", "--overwrite"),
  run("annotate", "configmap", "one", "note=a b"),
  run("label", "configmap", "one", "tier-"),
  { args: ["edit", "configmap", "one"], env: { KUBE_EDITOR: "sed -i s/replaced/edited/" } },
  run("get", "configmap", "one", "-o", "jsonpath={.data}"),
  // What runs.
  fed(
    pod("talker", 'i=0; while [ "$i" -lt 3 ]; do echo "line $i"; i=$((i+1)); done; sleep 600'),
    "apply",
    "-f",
    "-",
  ),
  run("wait", "--for=condition=Ready", "pod/talker", "--timeout=60s"),
  run("logs", "talker"),
  run("logs", "talker", "--tail=1"),
  run("logs", "talker", "-c", "nobody"),
  run("logs", "nobody"),
  {
    args: ["logs", "-f", "talker"],
    follows: { seen: /line 2/, meanwhile: ["delete", "pod", "talker", "--wait=false"], end: /line 2/ },
  },
  run("wait", "--for=delete", "pod/talker", "--timeout=60s"),
  fed(deployment(2, "1.36"), "apply", "-f", "-"),
  run("rollout", "status", "deployment/web", "--timeout=60s"),
  run("scale", "deployment/web", "--replicas=3"),
  run("rollout", "status", "deployment/web", "--timeout=60s"),
  run("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}"),
  run("set", "image", "deployment/web", "main=busybox:1.37"),
  run("rollout", "status", "deployment/web", "--timeout=60s"),
  run("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.containers[*].image}"),
  { args: ["describe", "deployment", "web"], codeOnly: true },
  { args: ["describe", "pods", "-l", "app=web"], codeOnly: true },
  run("rollout", "history", "deployment/web"),
  { args: ["top", "pods"] },
  run("delete", "deployment", "web"),
  // Watching.
  {
    args: ["get", "configmaps", "-l", "app=list", "-w", "-o", "name"],
    follows: {
      seen: /three/,
      meanwhile: ["annotate", "configmap", "three", "seen=yes"],
      end: /three\n[\s\S]*three\n/,
    },
  },
  // What one may.
  run("auth", "can-i", "get", "pods"),
  run("auth", "can-i", "delete", "nodes"),
  run("auth", "can-i", "--list"),
  // Removing.
  run("delete", "configmap", "two"),
  run("delete", "configmap", "two"),
  run("delete", "configmap", "two", "--ignore-not-found"),
  run("delete", "configmaps", "-l", "app=list"),
  run("delete", "secret/hush", "serviceaccount/bot"),
  run("get", "all"),
];

/** Runs one of them to its end. */
export async function runStep(kubectl: Kubectl, step: KubectlStep): Promise<KubectlRun> {
  const { args, stdin, env, follows } = step;
  if (!follows) {
    return await kubectl.run(args, {
      ...(stdin === undefined ? {} : { stdin }),
      ...(env === undefined ? {} : { env }),
    });
  }
  const child = kubectl.start(args);
  const stderr = new Response(child.stderr).text();
  let stdout = "";
  let told = false;
  const giveUp = setTimeout(() => child.kill(), 30_000);
  for await (const part of child.stdout) {
    stdout += Buffer.from(part).toString();
    if (!told && follows.seen.test(stdout)) {
      told = true;
      await kubectl.run(follows.meanwhile);
    }
    if (told && follows.end.test(stdout)) break;
  }
  clearTimeout(giveUp);
  child.kill();
  await child.exited;
  return { code: 0, stdout, stderr: await stderr };
}

/** Without what no two runs share: times, ids, versions, addresses, made-up names. */
export function comparable(text: string): string {
  return withoutTimes(text)
    .replace(/https:\/\/[\w.]+:\d+(\/prod)?/g, "SERVER")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UID")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME")
    .replace(/(resourceVersion"?: ?"?)\d+/g, "$1N")
    .replace(/\b(web-)[0-9a-z]+-[0-9a-z]{5}\b/g, "$1HASH")
    .replace(/\/tmp\/\S+/g, "FILE")
    .replace(/ +(\d+[smhd])+( |$)/gm, " AGE$2")
    .replace(/\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000/g, "TIME")
    .replace(/^(\+\+\+|---) .*$/gm, "$1")
    .replace(/^[IEW]\d{4} .*?\] /gm, "");
}

/** What `kubectl diff` found changed. A time is there as well, and lines around it, but not where both fall into one second. */
function withoutTimes(text: string): string {
  return text.replace(/^diff -u .*$/ms, (diff) =>
    diff
      .split("\n")
      .filter((line) => /^[-+](?![-+])/.test(line) && !/^[-+] +time:/.test(line))
      .join("\n"),
  );
}
