import { type JsonObject, objectAt, objectsAt, textAt, textsAt } from "./json.ts";
import type { Store } from "./store.ts";

/** What somebody wants to do to a resource, or to another path. */
export interface Wanted {
  readonly verb: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly path?: string;
}

/** A PolicyRule (RBAC) with the namespaces where it holds; everywhere without them. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly groups?: readonly string[];
  /** `pods`, `pods/exec`, `*`. */
  readonly resources?: readonly string[];
  readonly names?: readonly string[];
  readonly paths?: readonly string[];
  readonly namespaces?: readonly string[];
}

/** Rules by user name or group, beside the Roles and bindings that the cluster holds. */
export interface Authorizer {
  readonly table: Readonly<Record<string, readonly Rule[]>>;
  readonly store: Store;
}

interface Asking {
  readonly name: string;
  readonly groups: readonly string[];
}

const everything: Rule = { verbs: ["*"], groups: ["*"], resources: ["*"], paths: ["*"] };

/** What everybody who is known may ask: discovery, health, and questions about oneself (system:basic-user). */
const basic: readonly Rule[] = [
  {
    verbs: ["create"],
    groups: ["authorization.k8s.io"],
    resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
  },
  { verbs: ["create"], groups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"] },
  {
    verbs: ["get"],
    paths: ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"],
  },
];
const open: readonly Rule[] = [
  { verbs: ["get"], paths: ["/healthz", "/livez", "/readyz", "/version", "/version/"] },
];

export function permits(authorizer: Authorizer, user: Asking, wanted: Wanted): boolean {
  return rulesFor(authorizer, user, wanted.namespace ?? "").some((rule) => covers(rule, wanted));
}

/** All that holds for this user there: what a SelfSubjectRulesReview lists. */
export function rulesFor(authorizer: Authorizer, user: Asking, namespace: string): Rule[] {
  if (user.groups.includes("system:masters")) return [everything, ...known(user)];
  const named = [user.name, ...user.groups].flatMap((key) => authorizer.table[key] ?? []);
  const own = named.filter((rule) => rule.namespaces === undefined || rule.namespaces.includes(namespace));
  return [...own, ...bound(authorizer.store, user, namespace), ...known(user)];
}

function known(user: Asking): readonly Rule[] {
  return user.groups.includes("system:authenticated") ? [...basic, ...open] : open;
}

const rbac = "rbac.authorization.k8s.io";

function bound(store: Store, user: Asking, namespace: string): Rule[] {
  const everywhere = store.list(`${rbac}/clusterrolebindings`);
  const here = namespace === "" ? [] : store.list(`${rbac}/rolebindings`, namespace);
  return [...everywhere, ...here].flatMap((binding) => {
    if (!objectsAt(binding, "subjects").some((subject) => isSubject(subject, user))) return [];
    const { kind, name } = objectAt(binding, "roleRef");
    const role =
      kind === "ClusterRole"
        ? store.get(`${rbac}/clusterroles`, "", String(name))
        : store.get(`${rbac}/roles`, namespace, String(name));
    return objectsAt(role, "rules").map(ruleOf);
  });
}

function isSubject(subject: JsonObject, user: Asking): boolean {
  const name = textAt(subject, "name");
  if (subject.kind === "User") return name === user.name;
  if (subject.kind === "Group") return user.groups.includes(name);
  return user.name === `system:serviceaccount:${textAt(subject, "namespace")}:${name}`;
}

export function ruleOf(rule: JsonObject): Rule {
  return {
    verbs: textsAt(rule, "verbs"),
    groups: textsAt(rule, "apiGroups"),
    resources: textsAt(rule, "resources"),
    names: textsAt(rule, "resourceNames"),
    paths: textsAt(rule, "nonResourceURLs"),
  };
}

export function covers(rule: Rule, wanted: Wanted): boolean {
  const has = (list: readonly string[] | undefined, value: string) =>
    list?.includes("*") === true || list?.includes(value) === true;
  if (!has(rule.verbs, wanted.verb)) return false;
  if (wanted.resource === undefined)
    return (rule.paths ?? []).some(
      (path) =>
        path === "*" ||
        path === wanted.path ||
        (path.endsWith("*") && (wanted.path ?? "").startsWith(path.slice(0, -1))),
    );
  const sub = wanted.subresource ?? "";
  const resource = sub === "" ? wanted.resource : `${wanted.resource}/${sub}`;
  return (
    has(rule.groups, wanted.group ?? "") &&
    (has(rule.resources, resource) || (sub !== "" && has(rule.resources, `*/${sub}`))) &&
    ((rule.names ?? []).length === 0 || (rule.names ?? []).includes(wanted.name ?? ""))
  );
}
