import { parseSync } from "libpg-query";
import { list, type Node, unwrap } from "../sql/node.ts";

/** A statement of a text. */
export interface Tree {
  readonly kind: string;
  readonly node: Node;
}

/** Longer texts are not looked into a second time. */
const longest = 64 << 10;

/** The statements of a text; undefined: it is too long, or none that the parser knows. */
export function treesOf(text: string): readonly Tree[] | undefined {
  if (text.length > longest) return undefined;
  try {
    const { stmts } = parseSync(text) as { stmts?: unknown };
    return list(stmts).map((entry) => unwrap((entry as Node).stmt) ?? { kind: "", node: {} });
  } catch {
    return undefined;
  }
}
