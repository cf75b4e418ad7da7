import type { SqlStatement } from "../sql/classify.ts";
import type { Resolution } from "./resolve.ts";

const untold = { effect: "unknown", on: "catalogue" } as const;
const unclear = () =>
  "the database's catalogue could not be asked what it does there: send it again in a moment";

/** The same object where the catalogue adds nothing. */
export function meant(statement: SqlStatement, resolution: Resolution): SqlStatement {
  const actions = resolution.actions(statement.actions);
  const { detail } = statement;
  const same = JSON.stringify(actions) === JSON.stringify(statement.actions);
  if (same && !resolution.opaque) return statement;
  const uses = detail.uses.map((use) =>
    use.actions ? { ...use, actions: resolution.actions(use.actions) } : use,
  );
  return {
    ...statement,
    actions,
    detail: {
      ...detail,
      read: statement,
      actions,
      uses,
      ...(resolution.opaque ? { lineage: () => undefined } : {}),
    },
  };
}

export function sameActions(one: SqlStatement, other: SqlStatement): boolean {
  return one === other || JSON.stringify(one.actions) === JSON.stringify(other.actions);
}

/** The statement where nobody can tell what the catalogue makes of it. */
export function untoldOf(statement: SqlStatement): SqlStatement {
  const actions = [...statement.actions, untold];
  const { uses } = statement.detail;
  const detail = {
    ...statement.detail,
    read: statement,
    actions,
    uses: uses.map((use) => (use.actions ? { ...use, actions: [...use.actions, untold] } : use)),
  };
  return { ...statement, actions, detail, unclear };
}
