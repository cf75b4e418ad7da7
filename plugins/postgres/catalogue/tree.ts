/** A column of a view that is one stored column as it is, through subqueries and joins. */
export interface PlainTarget {
  /** The view's attribute number. */
  readonly number: number;
  readonly relation: number;
  /** Attribute number there; 0: the whole row. */
  readonly column: number;
}

/**
 * Reads the target list of a view from its rule (pg_rewrite.ev_action, a pg_node_tree as the server's
 * outfuncs.c writes it). Each target entry says by itself whether it is a plain column and of what:
 * resorigtbl and resorigcol, the same that RowDescription shows. What is not found is not plain.
 */
export function plainTargets(tree: string): PlainTarget[] {
  const targets: PlainTarget[] = [];
  let open = 0;
  let inList = false;
  let field = "";
  let entry = new Map<string, number>();
  for (const [token] of tree.matchAll(/[(){}]|(?:\\[\s\S]|[^\s(){}\\])+/g)) {
    if (token === "(" || token === "{") {
      open += 1;
      if (token === "(" && open === listDepth) inList = field === ":targetList";
      if (token === "{" && open === entryDepth) entry = new Map();
    } else if (token === ")" || token === "}") {
      if (inList && open === entryDepth) add(targets, entry);
      if (open === listDepth) inList = false;
      open -= 1;
    } else if (token.startsWith(":")) {
      field = open === queryDepth || open === entryDepth ? token : "";
    } else if (inList && open === entryDepth && field !== "") {
      entry.set(field, Number(token));
      field = "";
    }
  }
  return targets;
}

/** `({QUERY … :targetList ({TARGETENTRY …} …) …})` */
const queryDepth = 2;
const listDepth = 3;
const entryDepth = 4;

function add(targets: PlainTarget[], entry: ReadonlyMap<string, number>): void {
  const number = entry.get(":resno") ?? 0;
  const relation = entry.get(":resorigtbl") ?? 0;
  if (number > 0 && relation > 0) targets.push({ number, relation, column: entry.get(":resorigcol") ?? 0 });
}
