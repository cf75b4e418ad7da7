import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Postern, postern } from "../postern.ts";
import { Kubectl, type KubectlLogin, type KubectlRun, kubectls } from "./kubectl.ts";
import { comparable, kubectlList, runStep } from "./kubectl-list.ts";

/*
 * `KUBECONFIG=… bun test/clients/real-cluster.ts`: the list of test/clients/kubectl-list.ts against a real cluster, around
 * a gateway and then through it, in a namespace of its own that is removed after each. Ends with 1 where they differ.
 */

/** What of a kubeconfig's view is looked at: one context, raw and minified. */
interface View {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly "certificate-authority-data"?: string } },
  ];
  readonly users: readonly [
    {
      readonly user: {
        readonly token?: string;
        readonly "client-certificate-data"?: string;
        readonly "client-key-data"?: string;
      };
    },
  ];
}

const namespace = "postern-list";
const [binary] = kubectls().slice(-1);
if (!binary) throw new Error("There is no kubectl here.");

/** The current context of whoever runs this, with its files read and inlined. */
function loginOf(
  path: string,
): KubectlLogin & { readonly certificate?: { certificate: string; key: string } } {
  const { stdout, stderr, exitCode } = Bun.spawnSync([
    path,
    "config",
    "view",
    "--minify",
    "--flatten",
    "--raw",
    "-o",
    "json",
  ]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  const { clusters, users } = JSON.parse(stdout.toString()) as View;
  const { server, "certificate-authority-data": ca = "" } = clusters[0].cluster;
  const { token, "client-certificate-data": certificate, "client-key-data": key } = users[0].user;
  const text = (data: string) => Buffer.from(data, "base64").toString();
  if (token === undefined && (certificate === undefined || key === undefined))
    throw new Error("The kubeconfig's user has neither a token nor a client certificate.");
  return {
    server,
    ca: text(ca),
    namespace,
    ...(token === undefined ? {} : { token }),
    ...(certificate === undefined || key === undefined
      ? {}
      : { certificate: { certificate: text(certificate), key: text(key) } }),
  };
}

/** Each step's outcome, in a namespace that is new. */
async function outcomes(login: KubectlLogin, admin: Kubectl): Promise<KubectlRun[]> {
  await admin.run(["create", "namespace", namespace]);
  await admin.run([
    "wait",
    "--for=jsonpath={.metadata.name}=default",
    "serviceaccount/default",
    "--timeout=60s",
  ]);
  const kubectl = new Kubectl(binary as NonNullable<typeof binary>, login);
  try {
    const runs: KubectlRun[] = [];
    for (const step of kubectlList) runs.push(await runStep(kubectl, step));
    return runs;
  } finally {
    kubectl.close();
    await admin.run(["delete", "namespace", namespace, "--wait=true", "--timeout=120s"]);
  }
}

const direct = loginOf(binary.path);
const folder = mkdtempSync(join(tmpdir(), "postern-real-cluster-"));
const file = (name: string) => join(folder, name);
const made = await postern(["certs", "--name", "localhost", "--out", folder]);
if (made.code !== 0) throw new Error(made.stderr);
writeFileSync(file("cluster-ca.crt"), direct.ca);
if (direct.certificate) {
  writeFileSync(file("cluster.crt"), direct.certificate.certificate);
  writeFileSync(file("cluster.key"), direct.certificate.key, { mode: 0o600 });
}
const own = direct.certificate
  ? `cert: "${file("cluster.crt")}", key: "${file("cluster.key")}"`
  : 'credential: env("CLUSTER_TOKEN")';
writeFileSync(
  file("policy.ts"),
  `import { gateway, group } from "postern";
import { env, kubernetes, local, record } from "postern/plugins";
export default gateway({
  listen: { kubernetes: { port: 0, tls: { cert: "${file("server.crt")}", key: "${file("server.key")}" } } },
  identity: [local()],
  always: [record()],
  resources: { prod: kubernetes({ url: "${direct.server}", ca: "${file("cluster-ca.crt")}", ${own} }) },
  rules: [{ who: group("owners"), on: "prod", may: "all" }],
});
`,
);
const gateway = new Postern(file("policy.ts"), file("data"), file("gateway.log"), {
  CLUSTER_TOKEN: direct.token ?? "",
});
const admin = new Kubectl(binary, direct);
let different = 0;
try {
  await gateway.start();
  const token = await gateway.postern([
    "token",
    "mint",
    "--subject",
    "olga",
    "--group",
    "owners",
    "--ttl",
    "1h",
  ]);
  const issued = await gateway.postern(
    ["credentials", "issue", "prod", "--ttl", "50m", "--json"],
    token.stdout.trim(),
  );
  const { user, password } = JSON.parse(issued.stdout) as { user: string; password: string };
  const through: KubectlLogin = {
    server: `https://localhost:${gateway.port}/prod`,
    ca: await Bun.file(file("ca.crt")).text(),
    token: `${user}.${password}`,
    namespace,
  };
  const around = await outcomes(direct, admin);
  const behind = await outcomes(through, admin);
  for (const [at, { args, codeOnly }] of kubectlList.entries()) {
    const [here, there] = [behind[at], around[at]].map(
      (run) =>
        run && {
          code: run.code,
          ...(codeOnly ? {} : { out: comparable(run.stdout), err: comparable(run.stderr) }),
        },
    );
    const same = Bun.deepEquals(here, there);
    console.log(`${same ? "same     " : "different"} kubectl ${args.join(" ")}`);
    if (same) continue;
    different++;
    console.log(JSON.stringify({ around: there, through: here }, null, 2));
  }
} finally {
  admin.close();
  await gateway.kill();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${different} of ${kubectlList.length} differ`);
process.exit(different === 0 ? 0 : 1);
