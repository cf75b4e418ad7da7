import { text } from "./node.ts";
import type { Tree } from "./refs.ts";

/** What a text does to the transaction around it (`Shape.transaction`). */
export function transactionIn(trees: readonly Tree[]): { readonly transaction?: "ends" | "begins" } {
  const steps = trees.filter(({ kind }) => kind === "TransactionStmt");
  const ends = steps.some(({ node }) => ending.has(text(node.kind) ?? ""));
  const begins = steps.some(({ node }) => beginning.has(text(node.kind) ?? "") || node.chain === true);
  if (begins || (ends && trees.length > 1)) return { transaction: "begins" };
  return ends ? { transaction: "ends" } : {};
}

/** RESET ALL, DISCARD ALL: settings go back to what they were when the session began. No other statement holds one of them. */
export function resetsIn(trees: readonly Tree[]): boolean {
  return trees.some(({ kind, node }) => {
    if (kind === "VariableSetStmt") return node.kind === "VAR_RESET_ALL";
    return kind === "DiscardStmt" && (node.target === undefined || node.target === "DISCARD_ALL");
  });
}

const beginning: ReadonlySet<string> = new Set(["TRANS_STMT_BEGIN", "TRANS_STMT_START"]);
const ending: ReadonlySet<string> = new Set([
  "TRANS_STMT_COMMIT",
  "TRANS_STMT_ROLLBACK",
  "TRANS_STMT_PREPARE",
]);
