import { at, type JsonObject, listAt, objectAt, objectsAt, textAt, textsAt } from "./json.ts";
import { fixture, type Schema, schemaOf } from "./schema.ts";

/** Which server is imitated: what it offers and which of the newer conventions it knows. */
export type Version = "1.20" | "1.34";

/** A kind of object that the API serves. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  /** Plural, lower case. */
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** By name, with their verbs and kind. */
  readonly subresources: ReadonlyMap<string, JsonObject>;
  readonly schema: Schema | undefined;
  /** The definition that made it, for a custom resource. */
  readonly custom?: JsonObject;
}

/** The resources of one server: what it has from the start, and custom ones while their definition is there. */
export class Resources {
  private readonly documents: Record<string, JsonObject>;
  private readonly built = new Map<string, Resource>();
  private customs: readonly JsonObject[] = [];

  constructor(readonly version: Version) {
    this.documents = fixture(`discovery-${version}.json.gz`) as Record<string, JsonObject>;
    for (const document of Object.values(this.documents))
      for (const one of ofList(document)) this.built.set(keyOf(one), one);
  }

  /** Replaces the custom resources by those of these CustomResourceDefinitions. */
  define(customs: readonly JsonObject[]): void {
    this.customs = customs;
    for (const [key, one] of this.built) if (one.custom) this.built.delete(key);
    for (const definition of customs)
      for (const version of objectsAt(definition, "spec", "versions"))
        if (version.served === true) {
          const one = ofDefinition(definition, version);
          this.built.set(keyOf(one), one);
        }
  }

  find(group: string, version: string, resource: string): Resource | undefined {
    return this.built.get(`${group}/${version}/${resource}`);
  }

  findKind(group: string, version: string, kind: string): Resource | undefined {
    return [...this.built.values()].find(
      (one) => one.group === group && one.version === version && one.kind === kind,
    );
  }

  /** Any version that serves this resource. */
  any(group: string, resource: string): Resource | undefined {
    return [...this.built.values()].find((one) => one.group === group && one.resource === resource);
  }

  hasVersion(group: string, version: string): boolean {
    return this.all().some((one) => one.group === group && one.version === version);
  }

  hasGroup(group: string): boolean {
    return this.all().some((one) => one.group === group);
  }

  all(): readonly Resource[] {
    return [...this.built.values()];
  }

  /** The document of /api, /apis or below; undefined where there is nothing. */
  document(path: string): JsonObject | undefined {
    if (path === "/apis") {
      const groups = this.documents["/apis"] ?? {};
      return { ...groups, groups: [...listAt(groups, "groups"), ...this.customGroups()] };
    }
    const own = this.documents[path];
    if (own !== undefined) return own;
    const [, , group = "", version] = path.split("/");
    if (version === undefined) {
      const found = objectsAt(this.document("/apis"), "groups").find((one) => one.name === group);
      return found === undefined ? undefined : { kind: "APIGroup", apiVersion: "v1", ...found };
    }
    const resources = this.all().filter(
      (one) => one.custom && one.group === group && one.version === version,
    );
    if (resources.length === 0) return undefined;
    return {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: `${group}/${version}`,
      resources: resources.flatMap(listed),
    };
  }

  private customGroups(): JsonObject[] {
    const groups = [...new Set(this.customs.map((one) => textAt(one, "spec", "group")))];
    return groups
      .filter((group) => this.hasGroup(group))
      .map((name) => {
        const versions = [
          ...new Set(this.all().flatMap((one) => (one.group === name ? [one.version] : []))),
        ].map((version) => ({ groupVersion: `${name}/${version}`, version }));
        return { name, versions, preferredVersion: versions[0] ?? {} };
      });
  }
}

const keyOf = ({ group, version, resource }: Resource) => `${group}/${version}/${resource}`;

function ofList(document: JsonObject): Resource[] {
  const [first = "", second] = textAt(document, "groupVersion").split("/");
  const [group, version] = second === undefined ? ["", first] : [first, second];
  const rows = objectsAt(document, "resources");
  return rows
    .filter((row) => !textAt(row, "name").includes("/"))
    .map((row) => {
      const resource = textAt(row, "name");
      const kind = textAt(row, "kind");
      return {
        group,
        version,
        resource,
        kind,
        namespaced: row.namespaced === true,
        verbs: textsAt(row, "verbs"),
        subresources: new Map(
          rows.flatMap((sub): [string, JsonObject][] => {
            const [of, name] = textAt(sub, "name").split("/");
            return of === resource && name !== undefined ? [[name, sub]] : [];
          }),
        ),
        schema: schemaOf(group, version, kind),
      };
    });
}

const everyVerb = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

function ofDefinition(definition: JsonObject, version: JsonObject): Resource {
  const names = objectAt(definition, "spec", "names");
  const kind = textAt(names, "kind");
  const sub = objectAt(version, "subresources");
  const verbs = ["get", "patch", "update"];
  const subresources = new Map<string, JsonObject>();
  const namespaced = at(definition, "spec", "scope") === "Namespaced";
  const own = { singularName: "", namespaced };
  const plural = textAt(names, "plural");
  if (sub.status) subresources.set("status", { name: `${plural}/status`, ...own, kind, verbs });
  if (sub.scale)
    subresources.set("scale", {
      name: `${plural}/scale`,
      ...own,
      group: "autoscaling",
      version: "v1",
      kind: "Scale",
      verbs,
    });
  const schema = objectAt(version, "schema", "openAPIV3Schema") as Schema;
  return {
    group: textAt(definition, "spec", "group"),
    version: textAt(version, "name"),
    resource: plural,
    kind,
    namespaced,
    verbs: everyVerb,
    subresources,
    schema: {
      ...schema,
      type: "object",
      properties: {
        ...schema.properties,
        apiVersion: { type: "string" },
        kind: { type: "string" },
        metadata: { $ref: "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" },
      },
    },
    custom: definition,
  };
}

function listed(one: Resource): JsonObject[] {
  const names = objectAt(one.custom, "spec", "names");
  const more = Object.fromEntries(
    ["shortNames", "categories"].flatMap((key) => (names[key] === undefined ? [] : [[key, names[key]]])),
  );
  return [
    {
      name: one.resource,
      singularName: textAt(names, "singular") || one.kind.toLowerCase(),
      namespaced: one.namespaced,
      kind: one.kind,
      verbs: [...one.verbs],
      ...more,
      storageVersionHash: Buffer.from(
        Bun.hash(`${one.group}/${one.version}/${one.kind}`).toString(36),
      ).toString("base64"),
    },
    ...one.subresources.values(),
  ];
}
