import {
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from "graphql/language";

/** What one GraphQL operation asks its root type for. */
export interface RootFields {
  readonly type: "query" | "mutation" | "subscription";
  /** Names in the schema, not aliases; each once. */
  readonly fields: readonly string[];
}

/** Tokens of one document; the parser stops there. */
const mostTokens = 20_000;
/** Fields of the root type, and fragments around them. */
const mostSelections = 2_000;

/**
 * The operation of a document that `name` selects (GraphQL, October 2021, 6.1). Fragments are followed; what `@skip`
 * and `@include` leave out counts, since it takes the server's own reading of the variables to leave it out. undefined:
 * it cannot be told.
 */
export function rootFieldsOf(source: string, name: string | undefined): RootFields | undefined {
  try {
    return read(source, name);
  } catch {
    // The parser says so by throwing; a document of brackets alone is too deep for it.
    return undefined;
  }
}

function read(source: string, name: string | undefined): RootFields | undefined {
  const operations: OperationDefinitionNode[] = [];
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of parse(source, { noLocation: true, maxTokens: mostTokens }).definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
    else if (definition.kind !== Kind.FRAGMENT_DEFINITION || fragments.has(definition.name.value))
      return undefined;
    else fragments.set(definition.name.value, definition);
  }
  const named = name === undefined ? operations : operations.filter((each) => each.name?.value === name);
  const [operation] = named;
  // Two of one name: servers would not agree on which of them it is.
  if (operation === undefined || named.length > 1) return undefined;
  const fields = fieldsIn(operation.selectionSet, fragments);
  return fields && { type: operation.operation, fields };
}

function fieldsIn(
  root: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): readonly string[] | undefined {
  const fields = new Set<string>();
  const followed = new Set<string>();
  const left: SelectionSetNode[] = [root];
  let seen = 0;
  for (let set = left.pop(); set; set = left.pop()) {
    for (const selection of set.selections) {
      if (++seen > mostSelections) return undefined;
      if (selection.kind === Kind.FIELD) fields.add(selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) left.push(selection.selectionSet);
      else if (!followed.has(selection.name.value)) {
        const fragment = fragments.get(selection.name.value);
        if (!fragment) return undefined;
        followed.add(selection.name.value);
        left.push(fragment.selectionSet);
      }
    }
  }
  return [...fields];
}
