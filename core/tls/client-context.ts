import { statSync } from "node:fs";
import { type ContextFiles, readContext, type SecureContext } from "./files.ts";

interface Kept {
  readonly marks: string;
  readonly context: SecureContext;
}

/** A context costs a hundred times what a look at its files does. */
const contexts = new WeakMap<ContextFiles, Kept>();

/**
 * What a resource's configuration needs to secure its connections. A changed file counts from the next connection on.
 * Throws PosternError `tls.files`.
 */
export function clientContext(config: ContextFiles): SecureContext {
  const { ca, cert, key } = config;
  const marks = [ca, cert, key].map(markOf).join();
  let kept = contexts.get(config);
  if (kept?.marks !== marks) {
    const files = {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    };
    kept = { marks, context: readContext(files) };
    contexts.set(config, kept);
  }
  return kept.context;
}

function markOf(path: string | undefined): string {
  const stat = path === undefined ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino}:${stat.size}:${stat.mtimeNs}` : "";
}
