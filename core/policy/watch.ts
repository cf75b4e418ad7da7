import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

export interface PolicyWatch {
  /** From now on these files. What changed of the ones watched before is still told. */
  files(files: readonly string[]): void;
  close(): void;
}

/** Milliseconds that the files must be quiet before a change is told: an editor writes more than once. */
const settle = 50;
/** Milliseconds; for file systems that tell nothing (network mounts) and links that are turned elsewhere. */
const poll = 500;

/**
 * Tells when any of these files changed, appeared or went, however an editor replaces it: folders are
 * watched, files are compared.
 */
export function watchPolicy(files: readonly string[], onChange: () => void): PolicyWatch {
  return new Watching(files, onChange);
}

class Watching implements PolicyWatch {
  /** What was told last of each file, and what is waiting to be told. */
  readonly #told = new Map<string, string>();
  readonly #pending = new Map<string, string>();
  readonly #folders = new Map<string, FSWatcher>();
  readonly #polling = setInterval(() => this.#look(), poll).unref();
  #settling: Timer | undefined;

  constructor(
    files: readonly string[],
    readonly onChange: () => void,
  ) {
    this.files(files);
  }

  files(files: readonly string[]): void {
    for (const file of this.#told.keys()) if (!files.includes(file)) this.#told.delete(file);
    for (const file of files) if (!this.#told.has(file)) this.#told.set(file, markOf(file));
    const folders = new Set(files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of folders) if (!this.#folders.has(folder)) this.#watch(folder);
  }

  close(): void {
    clearInterval(this.#polling);
    clearTimeout(this.#settling);
    for (const watcher of this.#folders.values()) watcher.close();
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, (_, name) => {
        if (name === null || this.#names(name)) this.#look();
      });
      watcher.on("error", () => watcher.close());
      this.#folders.set(folder, watcher);
    } catch {
      // A folder that cannot be watched is polled.
    }
  }

  #names(name: string): boolean {
    for (const file of this.#told.keys()) if (basename(file) === name) return true;
    return false;
  }

  #look(): void {
    let moved = false;
    for (const [file, told] of this.#told) {
      const mark = markOf(file);
      if (mark === (this.#pending.get(file) ?? told)) continue;
      this.#pending.set(file, mark);
      moved = true;
    }
    if (!moved) return;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#tell(), settle);
  }

  #tell(): void {
    for (const [file, mark] of this.#pending) if (this.#told.has(file)) this.#told.set(file, mark);
    this.#pending.clear();
    this.onChange();
  }
}

/** Changes whenever the file's content may have; "" while it is not there. */
function markOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}` : "";
}
