import type { CopyFormat } from "../copy/format.ts";
import { constant, isNode, list, type Node, parts, text, unwrap } from "./node.ts";
import { tokensOf } from "./parse.ts";
import type { Tree } from "./refs.ts";
import { quoted } from "./relations.ts";

/** What one COPY … TO STDOUT sends. */
export interface CopiedOut {
  /**
   * A text whose columns are those of what is copied, in order: the copied query itself, or a SELECT from the
   * copied table. Of a whole table COPY leaves generated columns out, which this has.
   */
  readonly query: string;
  /** undefined: its rows cannot be told apart for certain. */
  readonly format: CopyFormat | undefined;
}

/** undefined: no COPY TO STDOUT. `source`: the text that the tree was made of, where that is its only statement. */
export function copiedOut({ kind, node }: Tree, source: string): CopiedOut | undefined {
  if (kind !== "CopyStmt" || node.is_from === true || node.is_program === true || "filename" in node) {
    return undefined;
  }
  const query = "query" in node ? between(source) : fromTable(node);
  return query === undefined ? undefined : { query, format: formatOf(list(node.options)) };
}

/** The statement whose columns a COPY has; any other statement is its own. */
export function insideCopy(tree: Tree): Tree {
  const inner = tree.kind === "CopyStmt" ? unwrap(tree.node.query) : undefined;
  return inner ?? tree;
}

/** What stands in the first pair of parentheses: `COPY (…) TO`. Offsets of the scanner are bytes. */
function between(source: string): string | undefined {
  const bytes = Buffer.from(source);
  let open = 0;
  let start = -1;
  for (const token of tokensOf(source)) {
    const here = bytes.toString("latin1", token.start, token.end);
    if (here === "(") {
      open += 1;
      if (start === -1) start = token.end;
    } else if (here === ")") {
      open -= 1;
      if (open === 0) return bytes.toString("utf8", start, token.start);
    }
  }
  return undefined;
}

/** COPY shows a table's own rows, and not those of what inherits from it. */
function fromTable({ relation, attlist }: Node): string | undefined {
  if (!isNode(relation)) return undefined;
  const columns = parts(attlist).map(quoted).join(", ");
  const names = [relation.schemaname, relation.relname].flatMap((name) => text(name) ?? []);
  return `select ${columns || "*"} from only ${names.map(quoted).join(".")}`;
}

/** Encodings in which a byte of ASCII never is the second byte of another character. */
const plain =
  /^(utf-?8|unicode|sql_?ascii|latin-?\d+|iso-?8859-?\d+|win(dows)?-?(866|874|125\d)|koi8-?[ru]?)$/i;

/** Written with the same bytes in all of them. */
const ascii = /^[\x20-\x7e]*$/;

function formatOf(options: readonly unknown[]): CopyFormat | undefined {
  const given = new Map<string, string | undefined>();
  for (const option of options) {
    const { defname, arg } = unwrap(option)?.node ?? {};
    given.set(text(defname)?.toLowerCase() ?? "", arg === undefined ? "true" : constant(arg));
  }
  for (const name of given.keys()) if (!understood.has(name)) return undefined;
  const encoding = given.get("encoding");
  if (given.has("encoding") && !(encoding !== undefined && plain.test(encoding))) return undefined;
  // The server writes the marker in that encoding: what is looked for here could be a value there.
  if (given.has("encoding") && !ascii.test(given.get("null") ?? "")) return undefined;
  const name = given.has("format") ? given.get("format")?.toLowerCase() : "text";
  if (name === "binary") return { name };
  if (name !== "text" && name !== "csv") return undefined;
  const delimiter = byteOf(given, "delimiter", name === "csv" ? "," : "\t");
  const header = headerOf(given);
  const marker = given.has("null") ? given.get("null") : name === "csv" ? "" : "\\N";
  if (delimiter === undefined || header === undefined || marker === undefined) return undefined;
  const lines = { delimiter, header, nullMarker: Buffer.from(marker) };
  if (name === "text") return { name, ...lines };
  const quote = byteOf(given, "quote", '"');
  const escaping = quote === undefined ? undefined : byteOf(given, "escape", String.fromCharCode(quote));
  return quote === undefined || escaping === undefined
    ? undefined
    : { name, ...lines, quote, escape: escaping };
}

/** Those of COPY FROM too: the server refuses them itself. */
const understood = new Set([
  "format",
  "delimiter",
  "null",
  "header",
  "quote",
  "escape",
  "force_quote",
  "encoding",
]);

/** One byte of ASCII that ends no line, as the server asks for, or nothing. */
function byteOf(
  given: ReadonlyMap<string, string | undefined>,
  name: string,
  usual: string,
): number | undefined {
  const value = given.has(name) ? given.get(name) : usual;
  if (value?.length !== 1 || value === "\n" || value === "\r") return undefined;
  const byte = value.charCodeAt(0);
  return byte < 0x80 ? byte : undefined;
}

function headerOf(given: ReadonlyMap<string, string | undefined>): boolean | undefined {
  if (!given.has("header")) return false;
  const value = given.get("header")?.toLowerCase() ?? "";
  if (["true", "on", "1"].includes(value)) return true;
  return ["false", "off", "0"].includes(value) ? false : undefined;
}
