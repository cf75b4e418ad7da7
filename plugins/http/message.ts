/** Header or trailer fields in wire order: name, value, name, value. Names as they were written (RFC 9110, 5). */
export type Fields = readonly string[];

/** One request, whatever the version of HTTP that brought it. */
export interface RequestHead {
  readonly method: string;
  /** Path and query as they were sent: origin-form (RFC 9112, 3.2.1), or `*`. */
  readonly target: string;
  /** Host, and port where it was named, in lower case: of `Host`, of an absolute-form target, or `:authority`. */
  readonly authority: string;
  readonly version: "1.0" | "1.1" | "2";
  /** Without pseudo-fields; with `Host` where it was sent. */
  readonly fields: Fields;
}

export interface ResponseHead {
  readonly status: number;
  /** Reason phrase; "" where there was none. */
  readonly reason: string;
  readonly fields: Fields;
}

/** Characters of the longest method that what is found out of a request is kept with: methods are words. */
export const longestMethod = 16;

/** The same request for something else. Its fields stay the same object, by which they are known again. */
export function withTarget({ method, authority, version, fields }: RequestHead, target: string): RequestHead {
  return { method, target, authority, version, fields };
}

/** The first value under this name, which is in lower case. */
export function fieldOf(fields: Fields, name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) {
    if (isNamed(fields[at] as string, name)) return fields[at + 1];
  }
  return undefined;
}

/** All values under this name, which is in lower case, in order. */
export function fieldsOf(fields: Fields, name: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    if (isNamed(fields[at] as string, name)) found.push(fields[at + 1] as string);
  }
  return found;
}

/** What a list-valued field holds (RFC 9110, 5.6.1), in lower case. Not for fields whose values may quote a comma. */
export function listOf(fields: Fields, name: string): string[] {
  return fieldsOf(fields, name).flatMap((value) =>
    value.split(",").flatMap((part) => part.trim().toLowerCase() || []),
  );
}

/** Without any under these names, which are in lower case. */
export function without(fields: Fields, names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    if (!names.has(name.toLowerCase())) kept.push(name, fields[at + 1] as string);
  }
  return kept;
}

function isNamed(written: string, name: string): boolean {
  return written.length === name.length && (written === name || written.toLowerCase() === name);
}
