import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ClientAccess,
  type ClientLaunch,
  type KnownClient,
  PosternError,
  toldOf,
} from "../../core/plugin.ts";
import type { KubernetesConfig } from "./config.ts";
import { entriesFor, execVersion, kubeconfigText } from "./kubeconfig/entries.ts";

/** What the gateway tells of itself; `prepare` makes a kubeconfig of it. */
const variables = ["POSTERN_KUBE_SERVER", "POSTERN_KUBE_USER", "POSTERN_KUBE_PASSWORD"] as const;
type Told = Readonly<Record<(typeof variables)[number], string>>;

/** kubectl and all that read a kubeconfig. Throws PosternError `kubernetes.listener`. */
export function client(access: ClientAccess, config: KubernetesConfig): ClientLaunch {
  const { resource, host, port, tls, user, password } = access;
  if (!tls) {
    throw new PosternError("kubernetes.listener", "kubectl shows no credential where there is no TLS.", {
      hint: "Whoever keeps the policy gives the listener `tls`; `postern certs` makes certificates.",
    });
  }
  const named = config.hosts?.find((name) => !name.startsWith("*"));
  const at = named ?? (host.includes(":") ? `[${host}]` : host);
  const server = `https://${at.replace(/:\d+$/, "")}:${port}${config.hosts || access.own ? "" : `/${resource}`}`;
  return {
    command: ["kubectl"],
    environment: {
      POSTERN_KUBE_SERVER: server,
      POSTERN_KUBE_USER: user,
      POSTERN_KUBE_PASSWORD: password,
    } satisfies Told,
  };
}

/** What a gateway elsewhere may have started here: what stands behind `--`, with a kubeconfig that leads there. */
export const knownClient: KnownClient = {
  program: "kubectl",
  variables,
  prepare(given, [program = "kubectl", ...args], folder, again) {
    const { server, user, password } = checked(given);
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubeconfigText(entriesFor(server, again)), { mode: 0o600 });
    return { command: [program, ...args], environment: { KUBECONFIG: file }, issued: { user, password } };
  },
  settings(given, again) {
    const { server } = checked(given);
    const entries = entriesFor(server, again);
    return {
      text: kubeconfigText(entries),
      write(environment) {
        // YAML takes longer to load than the rest of a command: only who writes it waits for that.
        const { writeKubeconfig } =
          require("./kubeconfig/write.ts") as typeof import("./kubeconfig/write.ts");
        return writeKubeconfig(entries, environment);
      },
    };
  },
  credential({ user, password, expires }, { KUBERNETES_EXEC_INFO: asked }) {
    const status = {
      // A bearer token has no colon (RFC 6750, 2.1).
      token: `${user}.${password}`,
      expirationTimestamp: new Date(expires).toISOString().replace(/\.\d+Z$/, "Z"),
    };
    return `${JSON.stringify({ apiVersion: versionIn(asked), kind: "ExecCredential", status })}\n`;
  },
};

/** The version that this kubectl wants its answer in (`KUBERNETES_EXEC_INFO`, from 1.22 on). */
function versionIn(asked: string | undefined): string {
  try {
    const { apiVersion } = JSON.parse(asked ?? "{}") as { readonly apiVersion?: unknown };
    return apiVersion === "client.authentication.k8s.io/v1" ? apiVersion : execVersion;
  } catch {
    return execVersion;
  }
}

/** What a gateway elsewhere tells is no more than it may be. Throws PosternError `connect.unknown-client`. */
function checked(given: Readonly<Record<string, string>>) {
  const wanted = (name: keyof Told, form: RegExp) => toldOf(given, name, form);
  return {
    server: wanted(
      "POSTERN_KUBE_SERVER",
      /^https:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/,
    ),
    user: wanted("POSTERN_KUBE_USER", /^pc_[a-z0-9]+$/i),
    password: wanted("POSTERN_KUBE_PASSWORD", /^[A-Za-z0-9._~+/=-]+$/),
  };
}
