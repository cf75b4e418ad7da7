import { type Json, type JsonObject, type KubeObject, textAt } from "./json.ts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** One change, as a watch tells it. */
export interface Change {
  readonly type: EventType;
  /** The cluster's counter when it happened: the object's resourceVersion afterwards. */
  readonly revision: number;
  /** `group/resource`. */
  readonly table: string;
  readonly object: KubeObject;
  /** What it was before; undefined when it is new. */
  readonly previous: KubeObject | undefined;
}

/** Objects by `group/resource` and then by `namespace/name`, with one rising counter for all of them. */
export class Store {
  private readonly tables = new Map<string, Map<string, KubeObject>>();
  private readonly listeners = new Set<(change: Change) => void>();
  private history: Change[] = [];
  /** What came before this revision is forgotten. */
  private floor = 0;
  revision = 1;

  get(table: string, namespace: string, name: string): KubeObject | undefined {
    const found = this.tables.get(table)?.get(`${namespace}/${name}`);
    return found === undefined ? undefined : structuredClone(found);
  }

  /** Sorted by namespace and name; every namespace where none is given. */
  list(table: string, namespace = ""): KubeObject[] {
    const rows = [...(this.tables.get(table)?.entries() ?? [])]
      .filter(([key]) => namespace === "" || key.startsWith(`${namespace}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return rows.map(([, object]) => structuredClone(object));
  }

  /** Every object of every kind, with the table it is in. */
  *everything(): Generator<{ table: string; object: KubeObject }> {
    for (const table of [...this.tables.keys()])
      for (const object of this.list(table)) yield { table, object };
  }

  /** Writes it under a new revision. */
  put(table: string, object: KubeObject): KubeObject {
    const rows = this.tables.get(table) ?? new Map<string, KubeObject>();
    this.tables.set(table, rows);
    const key = keyOf(object);
    const previous = rows.get(key);
    this.revision++;
    const kept = structuredClone(object);
    kept.metadata.resourceVersion = String(this.revision);
    rows.set(key, kept);
    this.tell({
      type: previous ? "MODIFIED" : "ADDED",
      revision: this.revision,
      table,
      object: kept,
      previous,
    });
    return structuredClone(kept);
  }

  remove(table: string, object: KubeObject): KubeObject {
    const key = keyOf(object);
    const previous = this.tables.get(table)?.get(key) ?? object;
    this.tables.get(table)?.delete(key);
    this.revision++;
    const last = structuredClone(object);
    last.metadata.resourceVersion = String(this.revision);
    this.tell({ type: "DELETED", revision: this.revision, table, object: last, previous });
    return last;
  }

  /** Changes of a table after this revision; undefined where they are forgotten. */
  since(table: string, revision: number): readonly Change[] | undefined {
    if (revision < this.floor) return undefined;
    return this.history.filter((one) => one.table === table && one.revision > revision);
  }

  /** Forgets the past, as etcd's compaction does. */
  compact(): void {
    this.history = [];
    this.floor = this.revision;
  }

  /** The objects as they were at this revision; undefined where that is forgotten or still to come. */
  listAt(table: string, namespace: string, revision: number): KubeObject[] | undefined {
    const after = this.since(table, revision);
    if (after === undefined || revision > this.revision) return undefined;
    const rows = new Map(this.list(table).map((object) => [keyOf(object), object]));
    for (const change of after.toReversed()) {
      const key = keyOf(change.object);
      if (change.previous) rows.set(key, structuredClone(change.previous));
      else rows.delete(key);
    }
    return [...rows.entries()]
      .filter(([key]) => namespace === "" || key.startsWith(`${namespace}/`))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  /** Calls back at every change from now on; returns how to stop it. */
  listen(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(change: Change): void {
    this.history.push(change);
    for (const listener of [...this.listeners]) listener(change);
  }
}

const keyOf = ({ metadata }: KubeObject) => `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;

/** Whether these labels pass a selector of labels, as the query parameter writes it. */
export function labelSelector(text: string): (labels: JsonObject) => boolean {
  const parts = text.match(/[^,(]+(\([^)]*\))?/g) ?? [];
  const tests = parts.map((part) => {
    const one = part.trim();
    const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(one);
    if (set) {
      const values = (set[3] ?? "").split(",").map((value) => value.trim());
      const wanted = set[2] === "in";
      return (labels: JsonObject) => {
        const value = labels[set[1] ?? ""];
        return value === undefined ? !wanted : values.includes(String(value)) === wanted;
      };
    }
    const compared = /^([^=!]+?)\s*(==|=|!=)\s*(.*)$/.exec(one);
    if (compared)
      return (labels: JsonObject) => (labels[compared[1] ?? ""] === compared[3]) === (compared[2] !== "!=");
    if (one.startsWith("!")) return (labels: JsonObject) => labels[one.slice(1)] === undefined;
    return (labels: JsonObject) => labels[one] !== undefined;
  });
  return (labels) => tests.every((test) => test(labels));
}

/** Whether an object passes a selector of fields. A field that is not there is the empty text. */
export function fieldSelector(text: string): (object: Json) => boolean {
  const tests = text.split(",").map((part) => {
    const [, path = "", sign = "", value = ""] = /^([^=!]+)(==|=|!=)(.*)$/.exec(part) ?? [];
    return (object: Json) => (textAt(object, ...path.split(".")) === value) === (sign !== "!=");
  });
  return (object) => tests.every((test) => test(object));
}
