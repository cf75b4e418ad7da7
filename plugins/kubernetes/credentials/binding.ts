import { type HeldLease, type Lease, PosternError } from "../../../core/plugin.ts";
import { type ClusterAdmin, notDone } from "./cluster.ts";
import { type Account, secretIn } from "./name.ts";

/** The annotation that says under which lease a Secret was made: what is not marked so is never removed. */
const mark = "postern/lease";

/** The Secret that a session's tokens are bound to: none of them is good without it. */
export interface Binding extends Account {
  readonly uid: string;
}

/** Throws PosternError `kubernetes.admin`: there is none then; `resource.*`: nobody knows. */
export async function bind(
  cluster: ClusterAdmin,
  { namespace, name }: Account,
  lease: Pick<HeldLease, "id" | "gateway">,
  label: string,
): Promise<Binding> {
  const said = await cluster.ask("POST", `/api/v1/namespaces/${namespace}/secrets`, {
    apiVersion: "v1",
    kind: "Secret",
    type: "postern/session",
    metadata: {
      name,
      labels: { "app.kubernetes.io/managed-by": "postern" },
      annotations: { [mark]: lease.id, "postern/gateway": lease.gateway, "postern/session": label },
    },
  });
  const uid = metadataOf(said.object).uid;
  if (said.status !== 201 || typeof uid !== "string") throw notDone(`make Secrets in ${namespace}`, said);
  return { namespace, name, uid };
}

/**
 * Removes the Secret of this lease, and with it every token that is bound to it. `absent`: there is none. Throws PosternError
 * `kubernetes.not-ours` where it is not the one that was made under this lease, `kubernetes.admin`, `resource.*`.
 */
export async function unbind(
  cluster: ClusterAdmin,
  { id, what }: Pick<Lease, "id" | "what">,
): Promise<"gone" | "absent"> {
  const secret = secretIn(what);
  if (!secret) throw notOurs(id);
  const target = `/api/v1/namespaces/${secret.namespace}/secrets/${secret.name}`;
  const found = await cluster.ask("GET", target);
  if (found.status === 404) return "absent";
  if (found.status !== 200) throw notDone(`read Secrets in ${secret.namespace}`, found);
  const { uid, annotations } = metadataOf(found.object);
  if (annotations?.[mark] !== id || typeof uid !== "string") throw notOurs(id);
  const removed = await cluster.ask("DELETE", target, {
    apiVersion: "v1",
    kind: "DeleteOptions",
    preconditions: { uid },
  });
  if (removed.status === 404) return "absent";
  if (removed.status >= 300) throw notDone(`delete Secrets in ${secret.namespace}`, removed);
  return "gone";
}

interface Metadata {
  readonly uid?: unknown;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

function metadataOf(object: Readonly<Record<string, unknown>>): Metadata {
  const { metadata } = object;
  return typeof metadata === "object" && metadata !== null ? metadata : {};
}

function notOurs(lease: string): PosternError {
  return new PosternError(
    "kubernetes.not-ours",
    `What ${lease} names on the cluster was not made under it.`,
    {
      hint: "It is left alone. Look at it, and remove it by hand if nobody needs it.",
    },
  );
}
