/** Table-level locks, weakest first (PostgreSQL's documentation, 13.3.1). */
export const lockModes = [
  "ACCESS SHARE",
  "ROW SHARE",
  "ROW EXCLUSIVE",
  "SHARE UPDATE EXCLUSIVE",
  "SHARE",
  "SHARE ROW EXCLUSIVE",
  "EXCLUSIVE",
  "ACCESS EXCLUSIVE",
] as const;

export type LockMode = (typeof lockModes)[number];

/** Table 13.2: with which modes each conflicts, by their place in the list. */
const conflicting: Readonly<Record<LockMode, readonly number[]>> = {
  "ACCESS SHARE": [7],
  "ROW SHARE": [6, 7],
  "ROW EXCLUSIVE": [4, 5, 6, 7],
  "SHARE UPDATE EXCLUSIVE": [3, 4, 5, 6, 7],
  SHARE: [2, 3, 5, 6, 7],
  "SHARE ROW EXCLUSIVE": [2, 3, 4, 5, 6, 7],
  EXCLUSIVE: [1, 2, 3, 4, 5, 6, 7],
  "ACCESS EXCLUSIVE": [0, 1, 2, 3, 4, 5, 6, 7],
};

export function conflictsOf(mode: LockMode): readonly LockMode[] {
  return conflicting[mode].map((at) => lockModes[at] as LockMode);
}

/** The one that is not weaker. */
export function stronger(one: LockMode, other: LockMode): LockMode {
  return lockModes.indexOf(one) >= lockModes.indexOf(other) ? one : other;
}

/** As pg_locks has it: `RowExclusiveLock`. */
export function lockName(mode: LockMode): string {
  return `${mode.toLowerCase().replace(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase())}Lock`;
}

/** The mode that pg_locks calls so. */
export function lockMode(name: string): string {
  return lockModes.find((mode) => lockName(mode) === name) ?? name;
}
