import type { SQL } from "drizzle-orm";
import type { AuditFilter } from "./query.ts";

/** An entry's place among all: by time, then stream, then number. */
export interface Place {
  readonly time: number;
  readonly stream: string;
  readonly seq: number;
}

export interface Wanted {
  readonly filter: Omit<AuditFilter, "limit" | "before">;
  readonly first: "newest" | "oldest";
  readonly most: number;
  /** Only what comes after this. */
  readonly after?: Place;
}

export function compare(a: Place, b: Place): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1;
  return a.seq - b.seq;
}

/** A condition, where the filter has this. */
export function given<T>(value: T | undefined, condition: (value: T) => SQL | undefined): SQL | undefined {
  return value === undefined ? undefined : condition(value);
}
