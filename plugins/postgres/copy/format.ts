import { PosternError, type RowFilter } from "../../../core/plugin.ts";
import type { Splice } from "../wire/splice.ts";

/** How the rows of one COPY TO STDOUT are written (PostgreSQL 18, "COPY", File Formats). */
export type CopyFormat = TextFormat | CsvFormat | { readonly name: "binary" };

export interface TextFormat {
  readonly name: "text";
  readonly delimiter: number;
  /** What stands for NULL, as it is sent. */
  readonly nullMarker: Buffer;
  /** The first line has the columns' names. */
  readonly header: boolean;
}

export interface CsvFormat extends Omit<TextFormat, "name"> {
  readonly name: "csv";
  readonly quote: number;
  readonly escape: number;
}

/** The columns of the rows, and who wants to see them. */
export interface CopyColumns {
  readonly count: number;
  readonly filter: RowFilter;
}

/** The rows of one stream of bytes. Keeps its place in a row that has begun to arrive. */
export interface CopyRows {
  /** Offset behind the row, header or trailer that begins at `at`; -1: the rest of it is not there yet. */
  rowEnd(bytes: Buffer, at: number, end: number): number;
  /**
   * Replaces cells of the row that `rowEnd` has just told the end of. Throws `postgres.copy` where it has
   * not as many cells as there are columns, and what the filter throws.
   */
  rewrite(bytes: Buffer, at: number, end: number, into: Splice): void;
}

export function malformedCopy(what: string): PosternError {
  return new PosternError("postgres.copy", `The rows of a COPY are not what was announced: ${what}.`, {
    hint: "Had its table been changed meanwhile, the COPY works when it is run again.",
  });
}

/** Which columns the filter asks for, by index. */
export function concerned({ count, filter }: CopyColumns): Uint8Array {
  const columns = new Uint8Array(count);
  for (const column of filter.columns) columns[column] = 1;
  return columns;
}
