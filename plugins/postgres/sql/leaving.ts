import { list, parts, text, unwrap } from "./node.ts";

/** The trait of an action that may change which role the session is. */
export const leaving = "role";

const settings: ReadonlySet<string> = new Set(["role", "session_authorization"]);

/** Whether this setting says who the session is. undefined: the setting is not known, so it may. */
export function saysWho(setting: string | undefined): boolean {
  return setting === undefined || settings.has(setting.toLowerCase());
}

/** `SET ROLE`, but not the `SET role = …` of an UPDATE. */
const statement =
  /(?<!\bupdate\s+(?:only\s+)?[\w".]+\s+(?:as\s+)?(?:\w+\s+)?)\b(?:re)?set\s+(?:(?:local|session)\s+)?(?:"?role\b|session\s+authorization\b|"?session_authorization\b)/i;
const call = /\bset_config"?\s*\(\s*(?:[a-z]*'(?:role|session_authorization)'|[^'\s])/i;

/** The trait of a function or a DO block, by the clauses it is made of, where it seems to change who the session is. */
export function leavingIn(clauses: unknown): readonly string[] {
  const leaves = list(clauses).some((clause) => {
    const { defname, arg } = unwrap(clause)?.node ?? {};
    const { kind, node } = unwrap(arg) ?? {};
    if (kind === "VariableSetStmt") return saysWho(text(node?.name));
    return defname === "as" && parts(arg).some(mayLeave);
  });
  return leaves ? [leaving] : [];
}

/**
 * Whether a text that the parser does not read (a function's body, a DO block) seems to change who the session is.
 * What is put together at run time is not seen: there the server alone keeps the session to what its role may.
 */
function mayLeave(body: string): boolean {
  const plain = body.replace(/--[^\n]*/g, " ").replace(/\/\*[\s\S]*?\*\//g, " ");
  return statement.test(plain) || call.test(plain);
}
