import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Again } from "../../../core/plugin.ts";

/**
 * What every kubectl from 1.11 on takes (`v1` comes with 1.22); newer ones name the version that they want.
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1beta1/
 */
export const execVersion = "client.authentication.k8s.io/v1beta1";
/** Bytes of authorities that a kubeconfig holds; of more it names the file. */
const mostEmbedded = 64 * 1024;

/** What a kubeconfig has of one cluster, all under one name. */
export interface Entries {
  /** `postern-prod`: no name that somebody gave the cluster itself. */
  readonly name: string;
  readonly clusters: object;
  readonly users: object;
  readonly contexts: object;
}

export function entriesFor(server: string, { command: [program, ...args], ca }: Again): Entries {
  const { pathname, hostname } = new URL(server);
  const name = `postern-${pathname.slice(1) || hostname}`;
  const exec = { apiVersion: execVersion, command: program, args, interactiveMode: "Never" };
  return {
    name,
    clusters: { name, cluster: { server, ...authorities(ca) } },
    users: { name, user: { exec } },
    contexts: { name, context: { cluster: name, user: name } },
  };
}

/** As JSON, which is YAML too. */
export function kubeconfigText({ name, clusters, users, contexts }: Entries): string {
  const file = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [clusters],
    users: [users],
    contexts: [contexts],
  };
  return `${JSON.stringify({ ...file, "current-context": name }, null, 2)}\n`;
}

function authorities(ca: string | undefined): Readonly<Record<string, string>> {
  if (ca === undefined) return {};
  const pem = readFileSync(ca);
  return pem.length > mostEmbedded || !isCertificate(pem)
    ? { "certificate-authority": ca }
    : { "certificate-authority-data": pem.toString("base64") };
}

function isCertificate(pem: Buffer): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
