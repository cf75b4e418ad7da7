import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubectlLogin } from "../clients/kubectl.ts";
import { postern } from "../postern.ts";
import {
  authenticated,
  type KubernetesOptions,
  type KubernetesServer,
  startKubernetes,
} from "../servers/kubernetes.ts";
import { WebDoor, type WebDoorOptions } from "./web-door.ts";

export interface KubernetesDoorOptions
  extends Pick<WebDoorOptions, "identity" | "further" | "before" | "environment"> {
  /** Names that the policy imports from `postern/plugins`, beside `kubernetes`, `env`, `local` and `record`. */
  readonly plugins?: readonly string[];
  readonly words?: readonly string[];
  /** Inside of `kubernetes({ … })`, beside url and ca. Default: the gateway is the cluster's admin, by a token. */
  readonly resource?: string;
  /** Source of further resources, each with a comma behind it. */
  readonly resources?: string;
  /** Source of `rules`, an array's inside. */
  readonly rules: string;
  /** Of the cluster. */
  readonly cluster?: KubernetesOptions;
  /** Makes further files in the policy's `process.env.CLUSTER_FOLDER` before the policy is read. */
  readonly prepare?: (folder: string, cluster: KubernetesServer) => Promise<void>;
}

/** The gateway's token at the cluster, which callers must never see. */
export const adminToken = "canary-cluster-admin-token";

/**
 * A cluster that takes TLS only, as `prod`, and a real gateway before it that has a certificate for `localhost`: kubectl
 * sends no bearer token in clear.
 */
export class KubernetesDoor {
  private constructor(
    readonly cluster: KubernetesServer,
    readonly web: WebDoor,
    readonly folder: string,
  ) {}

  static async open(options: KubernetesDoorOptions): Promise<KubernetesDoor> {
    const {
      plugins = [],
      words = [],
      resource = 'credential: env("CLUSTER_TOKEN")',
      resources = "",
    } = options;
    const folder = mkdtempSync(join(tmpdir(), "postern-kubernetes-"));
    const file = (name: string) => join(folder, name);
    const made = await postern([
      "certs",
      "--client",
      "alice",
      "--name",
      "localhost",
      "--name",
      "127.0.0.1",
      "--out",
      folder,
    ]);
    if (made.code !== 0) throw new Error(made.stderr);
    const cluster = await startKubernetes({
      ...options.cluster,
      tokens: { [adminToken]: authenticated("gateway", ["system:masters"]), ...options.cluster?.tokens },
    });
    writeFileSync(file("cluster-ca.crt"), cluster.authority.certificate);
    try {
      await options.prepare?.(folder, cluster);
      const { identity, further, before, rules } = options;
      const web = await WebDoor.open({
        plugins: ["env", "kubernetes", ...plugins],
        words,
        protocol: "kubernetes",
        listener: `tls: { cert: "${file("server.crt")}", key: "${file("server.key")}" }`,
        resources: `prod: kubernetes({ url: "${cluster.url}", ca: "${file("cluster-ca.crt")}", ${resource} }), ${resources}`,
        rules,
        ...(identity === undefined ? {} : { identity }),
        ...(further === undefined ? {} : { further }),
        ...(before === undefined ? {} : { before }),
        environment: {
          CLUSTER_TOKEN: adminToken,
          CLUSTER_FOLDER: folder,
          CLUSTER_URL: cluster.url,
          ...options.environment,
        },
      });
      return new KubernetesDoor(cluster, web, folder);
    } catch (error) {
      await cluster.close();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** `https://localhost:port/prod`. */
  get url(): string {
    return `https://localhost:${this.web.port}/prod`;
  }

  /** PEM file of the authority of the gateway's certificate. */
  get caFile(): string {
    return join(this.folder, "ca.crt");
  }

  get ca(): string {
    return readFileSync(this.caFile, "utf8");
  }

  /** Through the gateway, with this caller's token. */
  login(token: string): KubectlLogin {
    return { server: this.url, ca: this.ca, token };
  }

  /** A credential for `prod` alone, as a bearer token. */
  async credential(subject: string, ...groups: string[]): Promise<string> {
    const token = await this.web.token(subject, ...groups);
    const issued = await this.web.gateway.postern(["credentials", "issue", "prod", "--json"], token);
    if (issued.code !== 0) throw new Error(issued.stderr);
    const { user, password } = JSON.parse(issued.stdout) as { user: string; password: string };
    return `${user}.${password}`;
  }

  /** Around the gateway, as the cluster's admin. */
  get direct(): KubectlLogin {
    return { server: this.cluster.url, ca: this.cluster.authority.certificate, token: adminToken };
  }

  async close(): Promise<void> {
    await this.web.close();
    await this.cluster.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
