import type { Row } from "../control.ts";

/** Where a session that changed nothing looks up a name without a schema. */
export interface SearchPath {
  readonly path: readonly string[];
  /** Those are all there, and the session may use them; else a name may be in any of them. */
  readonly certain: boolean;
}

/** From the rows of `changesQuery`. `login`: it is the login that asked. */
export function searchPath(rows: readonly Row[], login: boolean): SearchPath {
  const values = (kind: string) => rows.filter((row) => row[0] === kind);
  const settings = values("setting").sort((one, other) => Number(other[2]) - Number(one[2]));
  const setting = settings[0]?.[1] ?? '"$user", public';
  const user = login ? (values("user")[0]?.[1] ?? "") : "";
  const usable = new Map(values("usable").map(([, name, may]) => [name ?? "", !login || may === "true"]));
  const path = named(setting).map((name) => (name === "$user" ? user : name));
  return { path: path.filter((name) => usable.get(name)), certain: login };
}

/** A list of identifiers as a setting holds it: unquoted ones are folded, as far as they are ASCII. */
function named(setting: string): string[] {
  return [...setting.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(([, quoted, plain]) =>
    plain === undefined
      ? (quoted ?? "").replaceAll('""', '"')
      : plain.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  );
}
