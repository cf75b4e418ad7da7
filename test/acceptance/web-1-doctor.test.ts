import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { policyAndResources } from "../../core/cli/doctor/policy.ts";
import { authenticated } from "../servers/kubernetes.ts";
import { KubernetesDoor } from "./kubernetes-door.ts";

/** `postern doctor prod`: whether the cluster answers, and what the gateway's own login may do there. */

let door: KubernetesDoor;
const narrow = "canary-narrow-token";

beforeAll(async () => {
  const common = 'url: process.env.CLUSTER_URL ?? "", ca: process.env.CLUSTER_FOLDER + "/cluster-ca.crt"';
  door = await KubernetesDoor.open({
    words: ["execute", "group", "read", "write"],
    resources: `
      narrow: kubernetes({ ${common}, credential: env("NARROW_TOKEN") }),
      stranger: kubernetes({ ${common}, credential: env("STRANGE_TOKEN") }),
      nowhere: kubernetes({ url: "https://127.0.0.1:1", credential: env("NARROW_TOKEN") }),
    `,
    rules: `
      { who: group("sre"), on: "*", may: [read("pods", "url:metrics"), write("shop/deployments.apps/*")] },
      { who: group("sre"), on: "narrow", may: [execute("shop/pods:exec/*"), read("*/secrets/*")] },
    `,
    environment: { NARROW_TOKEN: narrow, STRANGE_TOKEN: "nobody-knows-it" },
    cluster: {
      tokens: { [narrow]: authenticated("narrow", ["narrows"]) },
      rules: {
        narrows: [
          { verbs: ["get", "list"], groups: [""], resources: ["pods"] },
          { verbs: ["update"], groups: ["apps"], resources: ["deployments"], namespaces: ["shop"] },
        ],
      },
    },
  });
}, 30_000);
afterAll(() => door?.close());

interface Told {
  readonly state: string;
  readonly message: string;
}

async function doctor(resource: string): Promise<string[]> {
  const found = await door.web.json<Told[]>("doctor", resource);
  return found.map(({ state, message }) => `${state} ${message}`);
}

test("an admin of the cluster is more than any policy hands out", async () => {
  expect(await doctor("prod")).toEqual([
    expect.stringMatching(/^ok it answers, as Kubernetes v1\.34/),
    expect.stringContaining("warn the gateway's login may do everything there"),
  ]);
});

test("what rules hand out and the cluster would refuse is told", async () => {
  expect(await doctor("narrow")).toEqual([
    expect.stringMatching(/^ok it answers/),
    expect.stringMatching(/^warn a rule hands out .*exec.* may not create pods\/exec in shop$/),
    expect.stringMatching(/^warn a rule hands out .*secrets.* may not get secrets in all namespaces$/),
  ]);
});

test("a cluster that does not know the login, and one that is not there, fail", async () => {
  expect(await doctor("stranger")).toEqual(["fail the cluster does not know the gateway's login"]);
  expect(await doctor("nowhere")).toEqual([expect.stringMatching(/^fail The resource cannot be reached/)]);
  const { code, stdout } = await door.web.postern("doctor", "stranger");
  expect(code).toBe(1);
  expect(stdout).not.toContain("nobody-knows-it");
});

test("a resource that has a URL is reached by it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-doctor-"));
  using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const path = join(folder, "web.policy.ts");
  writeFileSync(
    path,
    `import { gateway } from "postern";
import { http, local } from "postern/plugins";
export default gateway({
  listen: { http: { port: 0, insecure: true } },
  identity: [local()],
  resources: { up: http({ url: "http://127.0.0.1:${server.port}" }), down: http({ url: "http://127.0.0.1:1/api" }) },
  rules: [],
});
`,
  );
  try {
    const found = await policyAndResources(path, folder);
    expect(found.map(({ check, state }) => `${check} ${state}`)).toEqual([
      "policy ok",
      "resource up ok",
      "resource down fail",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
