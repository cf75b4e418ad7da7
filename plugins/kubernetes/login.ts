import { PosternError } from "../../core/plugin.ts";
import type { Fields, Whose } from "../http/kit.ts";
import type { KubernetesConfig } from "./config.ts";

/** What the cluster takes for its own: `system:masters` is its admins, `system:serviceaccount:…` its workloads. */
const ofCluster = /^system:/i;

/**
 * Fields that say to the cluster who asks: the gateway's credential and, where the policy says so, whom it asks for
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation). Groups that the cluster
 * would take for its own are left out. Throws PosternError `kubernetes.impersonation` where the name is such a one.
 */
export function login(
  credential: string | undefined,
  { session, as }: Whose,
  { impersonate }: KubernetesConfig,
): Fields {
  const fields: string[] = credential ? ["Authorization", `Bearer ${credential}`] : [];
  if (impersonate === undefined) return fields;
  const { prefix = "", groups = true, session: told = true } = impersonate === true ? {} : impersonate;
  const { subject, groups: own } = session.identity;
  // `as` is the policy's own word, and may name whom it likes.
  const user = as ?? `${prefix}${subject}`;
  if (as === undefined && ofCluster.test(user)) throw ofClusterItself();
  fields.push("Impersonate-User", bytesOf(user));
  if (groups && as === undefined) {
    for (const group of own.map((name) => `${prefix}${name}`)) {
      if (!ofCluster.test(group)) fields.push("Impersonate-Group", bytesOf(group));
    }
  }
  if (told) fields.push("Impersonate-Extra-postern-session", session.id);
  return fields;
}

/** A field's value is bytes, and the cluster reads them as UTF-8: no character may become another one on the way. */
function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function ofClusterItself(): PosternError {
  return new PosternError(
    "kubernetes.impersonation",
    "The cluster would take the caller's name for one of its own.",
    {
      hint: "Whoever keeps the policy gives `impersonate` a prefix, or the rule an `as`.",
    },
  );
}
