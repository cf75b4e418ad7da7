/**
 * PostgreSQL's messages that hold no value, by SQLSTATE. What stands in them for a name is one that the catalogue has: of
 * a name that it lacks (`relation "…" does not exist`) nobody knows where it comes from.
 */

/** A name as the server shows it. */
const named = '"[^"]{1,128}"';
/** Without quotes, in the older messages. */
const bare = String.raw`[\p{L}_][\p{L}\p{N}_$]{0,62}`;
const kinds =
  "table|view|materialized view|foreign table|sequence|schema|function|procedure|database|type|column";

/** Without anything of the statement's in them: anybody may say them. */
const fixed: Readonly<Record<string, readonly string[]>> = {
  "08006": ["connection to client lost"],
  "21000": [
    "more than one row returned by a subquery used as an expression",
    "(ON CONFLICT DO UPDATE|MERGE) command cannot affect row a second time",
    "Ensure that not more than one source row matches any one target row\\.",
    "Ensure that no rows proposed for insertion within the same command have duplicate constrained values\\.",
  ],
  "22001": ["value too long for type [a-z ]{1,30}\\(\\d{1,8}\\)"],
  "22003": [
    "(smallint|integer|bigint|interval|money) out of range",
    "value out of range: (overflow|underflow)",
    "numeric field overflow",
  ],
  "22008": ["(timestamp|date) out of range"],
  "22012": ["division by zero"],
  "2201E": ["cannot take logarithm of (zero|a negative number)"],
  "2201F": ["cannot take square root of a negative number"],
  "2201W": ["LIMIT must not be negative"],
  "2201X": ["OFFSET must not be negative"],
  "25001": ["[A-Z ]{1,40} cannot (run|be executed) (inside a transaction block|from a function)"],
  "25006": ["cannot execute [A-Z ]{1,40} in a read-only transaction"],
  "25P01": ["[A-Z ]{1,40} can only be used in transaction blocks", "there is no transaction in progress"],
  "25P02": ["current transaction is aborted, commands ignored until end of transaction block"],
  "25P03": ["terminating connection due to idle-in-transaction timeout"],
  "25P04": ["terminating connection due to transaction timeout"],
  "40001": [
    "could not serialize access due to (concurrent (update|delete)|read/write dependencies among transactions)",
    "Reason code: [A-Za-z ,]{1,120}\\.",
    "The transaction might succeed if retried\\.",
  ],
  "40P01": ["deadlock detected", "See server log for query details\\."],
  "53100": ["could not extend file"],
  "53200": ["out of (shared )?memory"],
  "53300": ["sorry, too many clients already", "too many connections for role"],
  "54001": ["stack depth limit exceeded"],
  "55P03": ["canceling statement due to lock timeout"],
  "57014": ["canceling statement due to (user request|statement timeout|conflict with recovery)"],
  "57P01": ["terminating connection due to administrator command"],
  "57P02": ["terminating connection because of crash of another server process"],
  "57P03": [
    "the database system is (starting up|shutting down|in recovery mode|not yet accepting connections)",
  ],
  "57P05": ["terminating connection due to idle-session timeout"],
};

/** With names of the catalogue: only where the server speaks itself. */
const naming: Readonly<Record<string, readonly string[]>> = {
  "23502": [`null value in column ${named} of relation ${named} violates not-null constraint`],
  "23503": [
    `(insert or update|update or delete) on table ${named} violates foreign key constraint ${named}( on table ${named})?`,
  ],
  "23505": [`duplicate key value violates unique constraint ${named}`],
  "23514": [
    `new row for relation ${named} violates check constraint ${named}`,
    `no partition of relation ${named} found for row`,
    `value for domain ${bare} violates check constraint ${named}`,
  ],
  "23P01": [`conflicting key value violates exclusion constraint ${named}`],
  "42501": [
    `permission denied for (${kinds}) ${bare}`,
    `must be owner of (${kinds}) ${bare}`,
    `new row violates row-level security policy( for table ${named})?`,
  ],
  "55000": [`cannot (insert into|update|delete from) view ${named}`],
  "55P03": [`could not obtain lock on (row in )?relation ${named}`],
};

function compiled(wording: Readonly<Record<string, readonly string[]>>): ReadonlyMap<string, RegExp> {
  return new Map(
    Object.entries(wording).map(([code, texts]) => [code, new RegExp(`^(?:${texts.join("|")})$`, "u")]),
  );
}

const fixedPatterns = compiled(fixed);
const namingPatterns = compiled(naming);

/** Whether the text is one of the server's that holds nothing but names. `own`: the server itself says it. */
export function isWording(text: string, code: string, own: boolean): boolean {
  return (
    fixedPatterns.get(code)?.test(text) === true || (own && namingPatterns.get(code)?.test(text) === true)
  );
}
