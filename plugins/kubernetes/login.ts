import type { Identity } from "../../core/plugin.ts";
import type { Fields } from "../http/kit.ts";
import type { KubernetesConfig } from "./config.ts";

/** Fields that say to the cluster who asks: the gateway's credential and, where the policy says so, whom it asks for. */
export function login(
  credential: string | undefined,
  identity: Identity,
  { impersonate }: KubernetesConfig,
): Fields {
  const fields: string[] = credential === undefined ? [] : ["Authorization", `Bearer ${credential}`];
  if (impersonate === undefined) return fields;
  const { prefix = "", groups = true } = impersonate === true ? {} : impersonate;
  fields.push("Impersonate-User", `${prefix}${identity.subject}`);
  if (groups) for (const group of identity.groups) fields.push("Impersonate-Group", `${prefix}${group}`);
  return fields;
}
