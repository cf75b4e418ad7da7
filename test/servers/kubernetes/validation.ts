import { isObject, type Json, type KubeObject, numberAt, objectAt, objectsAt, textAt } from "./json.ts";
import type { Resource } from "./resources.ts";
import { child, itemOf, resolved, type Schema } from "./schema.ts";
import { type Cause, flaw, invalid } from "./status.ts";

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const pathSafe = /^[^/%]+$/;

const rules = {
  subdomain: {
    pattern: subdomain,
    message:
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  },
  label: {
    pattern: label,
    message:
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  },
  path: { pattern: pathSafe, message: "may not contain '/' or '%'" },
} as const;

function ruleOf(resource: Resource): (typeof rules)[keyof typeof rules] {
  if (resource.kind === "Namespace" || resource.kind === "Service") return rules.label;
  return resource.group === "rbac.authorization.k8s.io" ? rules.path : rules.subdomain;
}

/** 422 with every flaw found: names, what is required, and what the schema of a custom resource asks. */
export function validate(resource: Resource, object: KubeObject): void {
  const causes = [...named(resource, object), ...specific(object)];
  if (resource.custom && resource.schema) causes.push(...bySchema(object, resource.schema, ""));
  if (causes.length > 0) throw invalid(object.kind, resource.group, object.metadata.name ?? "", causes);
}

function named(resource: Resource, { metadata }: KubeObject): Cause[] {
  const name = metadata.name ?? "";
  if (name === "")
    return [flaw("Required", "metadata.name", "Required value: name or generateName is required")];
  const { pattern, message } = ruleOf(resource);
  const labels = Object.keys(metadata.labels ?? {}).flatMap(labelKey);
  return pattern.test(name)
    ? labels
    : [flaw("Invalid", "metadata.name", `Invalid value: "${name}": ${message}`)];
}

function labelKey(key: string): Cause[] {
  if (/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(key)) return [];
  const message =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  return [flaw("Invalid", "metadata.labels", `Invalid value: "${key}": ${message}`)];
}

function specific(object: KubeObject): Cause[] {
  switch (object.kind) {
    case "Pod":
      return podSpec(objectAt(object, "spec"), "spec");
    case "Deployment":
    case "ReplicaSet":
    case "DaemonSet":
    case "StatefulSet":
      return workload(object);
    case "Service":
      return objectsAt(object, "spec", "ports").flatMap((port, index) => {
        const number = numberAt(port, "port");
        return number >= 1 && number <= 65535
          ? []
          : [
              flaw(
                "Invalid",
                `spec.ports[${index}].port`,
                `Invalid value: ${number}: must be between 1 and 65535, inclusive`,
              ),
            ];
      });
    default:
      return [];
  }
}

function workload(object: KubeObject): Cause[] {
  const wanted = objectAt(object, "spec", "selector", "matchLabels");
  const labels = objectAt(object, "spec", "template", "metadata", "labels");
  const spec = podSpec(objectAt(object, "spec", "template", "spec"), "spec.template.spec");
  if (object.spec !== undefined && objectAt(object, "spec").selector === undefined)
    return [flaw("Required", "spec.selector", "Required value"), ...spec];
  return Object.entries(wanted).every(([key, value]) => labels[key] === value)
    ? spec
    : [
        flaw(
          "Invalid",
          "spec.template.metadata.labels",
          `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
        ),
        ...spec,
      ];
}

function podSpec(spec: Json, path: string): Cause[] {
  const containers = objectsAt(spec, "containers");
  if (containers.length === 0) return [flaw("Required", `${path}.containers`, "Required value")];
  const seen = new Set<string>();
  return containers.flatMap((container, index) => {
    const name = textAt(container, "name");
    const here = `${path}.containers[${index}]`;
    const causes: Cause[] = [];
    if (name === "") causes.push(flaw("Required", `${here}.name`, "Required value"));
    if (seen.has(name))
      causes.push({
        reason: "FieldValueDuplicate",
        message: `Duplicate value: "${name}"`,
        field: `${here}.name`,
      });
    seen.add(name);
    if (textAt(container, "image") === "") causes.push(flaw("Required", `${here}.image`, "Required value"));
    return causes;
  });
}

/** OpenAPI v3 as far as CustomResourceDefinitions in tests use it: type, required, minimum, maximum, enum. */
function bySchema(value: Json, schema: Schema, path: string): Cause[] {
  const known = resolved(schema);
  if (known === undefined) return [];
  const causes: Cause[] = [];
  const wrong = typeFlaw(value, known.type);
  if (wrong)
    return [
      flaw(
        "Invalid",
        path,
        `Invalid value: "${wrong}": ${path} in body must be of type ${known.type}: "${wrong}"`,
      ),
    ];
  if (isObject(value)) {
    for (const key of known.required ?? [])
      if (value[key] === undefined)
        causes.push(flaw("Required", path === "" ? key : `${path}.${key}`, "Required value"));
    for (const [key, inner] of Object.entries(value)) {
      const below = key === "metadata" && path === "" ? undefined : child(known, key);
      if (below && inner !== undefined)
        causes.push(...bySchema(inner, below, path === "" ? key : `${path}.${key}`));
    }
  }
  if (Array.isArray(value)) {
    const item = itemOf(known);
    if (item) causes.push(...value.flatMap((one, index) => bySchema(one, item, `${path}[${index}]`)));
  }
  const [minimum, maximum] = [known.minimum, known.maximum];
  if (typeof value === "number" && typeof minimum === "number" && value < minimum)
    causes.push(
      flaw(
        "Invalid",
        path,
        `Invalid value: ${value}: ${path} in body should be greater than or equal to ${minimum}`,
      ),
    );
  if (typeof value === "number" && typeof maximum === "number" && value > maximum)
    causes.push(
      flaw(
        "Invalid",
        path,
        `Invalid value: ${value}: ${path} in body should be less than or equal to ${maximum}`,
      ),
    );
  return causes;
}

function typeFlaw(value: Json, type: string | undefined): string | undefined {
  const is = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
  if (type === undefined || is === type) return undefined;
  if (type === "integer" && typeof value === "number" && Number.isInteger(value)) return undefined;
  return is === "number" && Number.isInteger(value) ? "integer" : is;
}
