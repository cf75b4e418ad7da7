import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { type Document, isMap, isSeq, parseDocument } from "yaml";
import { PosternError } from "../../../core/plugin.ts";
import type { Entries } from "./entries.ts";

/**
 * Puts the cluster into the file that kubectl would change, as its current context; comments and everything else stay.
 * Returns what was done. Throws PosternError `kubernetes.kubeconfig`.
 */
export function writeKubeconfig(
  entries: Entries,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const path = fileIn(environment);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return locked(path, () => {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    const document = parseDocument(text.trim() === "" ? "apiVersion: v1\nkind: Config\n" : text);
    if (document.errors.length > 0 || !isMap(document.contents)) throw unfit(path, "is no kubeconfig");
    const before = document.get("current-context");
    for (const list of ["clusters", "users", "contexts"] as const) put(document, list, entries, path);
    document.set("current-context", entries.name);
    const next = `${path}.postern`;
    rmSync(next, { force: true });
    writeFileSync(next, document.toString({ lineWidth: 0 }), { mode: 0o600, flag: "wx" });
    renameSync(next, path);
    const was =
      typeof before === "string" && before !== "" && before !== entries.name ? ` (was ${before})` : "";
    return `${path}: kubectl's current context is ${entries.name} now${was}.\n`;
  });
}

function put(
  document: Document,
  list: "clusters" | "users" | "contexts",
  entries: Entries,
  path: string,
): void {
  const own = document.createNode(entries[list]);
  const known = document.get(list, true);
  if (!isSeq(known)) {
    if (document.get(list) != null) throw unfit(path, `has ${list} that are no list`);
    document.set(list, document.createNode([entries[list]]));
    return;
  }
  const at = known.items.findIndex((item) => isMap(item) && item.get("name") === entries.name);
  if (at < 0) known.items.push(own);
  else known.items[at] = own;
}

/** The first of `KUBECONFIG` that is there, else its last; without it `~/.kube/config` (client-go, clientcmd). */
function fileIn({ KUBECONFIG = "", HOME }: Readonly<Record<string, string | undefined>>): string {
  const named = KUBECONFIG.split(delimiter).filter((path) => path !== "");
  const found = named.find((path) => existsSync(path)) ?? named.at(-1);
  if (found !== undefined) return found;
  if (HOME) return join(HOME, ".kube", "config");
  throw new PosternError("kubernetes.kubeconfig", "There is no place for a kubeconfig: HOME is not set.", {
    hint: "Set KUBECONFIG, or leave --write out and put what is printed into a file.",
  });
}

/** kubectl's own lock: a file beside it, which whoever makes it removes. */
function locked<T>(path: string, work: () => T): T {
  const lock = `${path}.lock`;
  try {
    closeSync(openSync(lock, "wx", 0o600));
  } catch (cause) {
    throw unfit(path, `is being changed by another program, or cannot be (${lock})`, cause);
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function unfit(path: string, why: string, cause?: unknown): PosternError {
  return new PosternError("kubernetes.kubeconfig", `${path} ${why}.`, {
    hint: "It is as it was. Mend it; or leave --write out, and put what is printed into a file of its own.",
    cause,
  });
}
