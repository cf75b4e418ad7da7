/** A node of libpg-query's syntax tree, as JSON: fields at their default are absent. */
export type Node = { readonly [field: string]: unknown };

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `{"SelectStmt": {...}}` is a node with its kind around it. */
export function unwrap(value: unknown): { kind: string; node: Node } | undefined {
  if (!isNode(value)) return undefined;
  for (const kind in value) {
    const node = value[kind];
    const first = kind.charCodeAt(0);
    return first >= 65 && first <= 90 && isNode(node) ? { kind, node } : undefined;
  }
  return undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The parts of a dotted name: a list of String nodes, or one of them. Stars are left out. */
export function parts(value: unknown): string[] {
  const found: string[] = [];
  for (const item of Array.isArray(value) ? value : [value]) {
    const wrapped = unwrap(item);
    if (wrapped?.kind === "String") found.push(text(wrapped.node.sval) ?? "");
    else if (wrapped?.kind === "List") found.push(...parts(wrapped.node.items));
    else if (wrapped?.kind === "TypeName") found.push(...parts(wrapped.node.names));
    else if (wrapped?.kind === "ObjectWithArgs") found.push(...parts(wrapped.node.objname));
    else if (isNode(item) && "objname" in item) found.push(...parts(item.objname));
  }
  return found;
}

/** The value of a constant: a string, a number's or boolean's text; undefined for anything else. */
export function constant(value: unknown): string | undefined {
  const wrapped = unwrap(value);
  if (wrapped === undefined) return undefined;
  const { kind, node } = wrapped;
  if (kind === "TypeCast") return constant(node.arg);
  if (kind === "String") return text(node.sval) ?? "";
  if (kind === "Integer") return String(node.ival ?? 0);
  if (kind === "Boolean") return String(node.boolval ?? false);
  if (kind !== "A_Const" || node.isnull === true) return undefined;
  const { sval, ival, fval, boolval } = node as Record<string, Node | undefined>;
  if (sval !== undefined) return text(sval.sval) ?? "";
  if (ival !== undefined) return String(ival.ival ?? 0);
  if (fval !== undefined) return text(fval.fval);
  if (boolval !== undefined) return String(boolval.boolval ?? false);
  return undefined;
}
