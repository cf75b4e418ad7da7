import { SourceMap, type SourceMapPayload } from "node:module";
import type { PolicyBundle } from "../supervision.ts";

/** A place in a file that the operator wrote; line and column count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The file as it was bundled. */
  readonly source: string;
}

/** Where in the policy's own files an error came from: the innermost frame that is in the bundle. */
export function originOf(error: unknown, bundle: PolicyBundle, script: string): Origin | undefined {
  if (!(error instanceof Error) || bundle.map === undefined) return undefined;
  const at = error.stack?.indexOf(`${script}:`) ?? -1;
  const frame = /^:(\d+):(\d+)/.exec(error.stack?.slice(at + script.length) ?? "");
  if (at < 0 || !frame) return undefined;
  const payload = JSON.parse(bundle.map) as SourceMapPayload;
  const entry = new SourceMap(payload).findEntry(Number(frame[1]) - 1, Number(frame[2]) - 1);
  if (!("originalSource" in entry)) return undefined;
  const source = payload.sourcesContent[payload.sources.indexOf(entry.originalSource)] ?? "";
  return {
    file: entry.originalSource,
    line: entry.originalLine + 1,
    column: entry.originalColumn + 1,
    source,
  };
}

export function placed(
  { file, line, column }: Pick<Origin, "file" | "line" | "column">,
  message: string,
): string {
  return `${file}:${line}:${column}: ${message}`;
}
