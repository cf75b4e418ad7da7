import { afterAll, beforeAll, describe, expect } from "bun:test";
import { Kubectl, type KubectlBinary, type KubectlRun, kubectls } from "../clients/kubectl.ts";
import { comparable, kubectlList, runStep } from "../clients/kubectl-list.ts";
import { needs, testWith } from "../needs.ts";
import { authenticated, type KubernetesServer, startKubernetes } from "../servers/kubernetes.ts";
import { adminToken, KubernetesDoor } from "./kubernetes-door.ts";

/** Issue 6, 1: real kubectl does through the gateway what it does around it. */

const everywhere = `{ who: group("owners"), on: "prod", may: "all" }`;
/** The oldest and the newest find most of what differs; all of them under POSTERN_LONG=1. */
const all = kubectls();
const binaries = process.env.POSTERN_LONG ? all : [...all.slice(0, 1), ...all.slice(1).slice(-1)];
/** So that the skipped test says that none is here. */
const none: KubectlBinary = { path: "kubectl", version: "none" };

describe.each((all.length > 0 ? binaries : [none]).map((binary) => [binary.version, binary] as const))(
  "kubectl %s",
  (_version, binary) => {
    let door: KubernetesDoor;
    let alike: KubernetesServer;
    let through: Kubectl;
    let around: Kubectl;
    beforeAll(async () => {
      door = await KubernetesDoor.open({ rules: everywhere, words: ["group"] });
      alike = await startKubernetes({
        tokens: { [adminToken]: authenticated("gateway", ["system:masters"]) },
      });
      through = new Kubectl(binary, door.login(await door.credential("olga", "owners")));
      around = new Kubectl(binary, {
        server: alike.url,
        ca: alike.authority.certificate,
        token: adminToken,
      });
    }, 30_000);
    afterAll(async () => {
      through?.close();
      around?.close();
      await alike?.close();
      await door?.close();
    });

    testWith(needs.kubectl)(
      "prints and returns the same through the gateway as before a cluster of its own",
      async () => {
        const differences: unknown[] = [];
        for (const step of kubectlList) {
          const [own, other] = await Promise.all([runStep(through, step), runStep(around, step)]);
          const [here, there] = [told(own, step.codeOnly), told(other, step.codeOnly)];
          if (!Bun.deepEquals(here, there)) differences.push({ step: step.args.join(" "), here, there });
        }
        expect(differences).toEqual([]);
      },
      180_000,
    );

    testWith(needs.kubectl)(
      "nothing of the caller's credential reaches the cluster, nothing of the gateway's the caller",
      async () => {
        const { stderr } = await through.run(["get", "pods", "-v=9"]);
        expect(stderr).not.toContain(adminToken);
        const fields = door.cluster.received.flatMap(({ headers }) => headers);
        expect(fields).toContain(`Bearer ${adminToken}`);
        expect(fields.some((value) => value.includes("pc_"))).toBe(false);
      },
    );
  },
);

function told({ code, stdout, stderr }: KubectlRun, codeOnly: true | undefined) {
  return codeOnly ? { code } : { code, stdout: comparable(stdout), stderr: comparable(stderr) };
}
