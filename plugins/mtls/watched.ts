import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { PosternError } from "../../core/plugin.ts";

/**
 * What a file holds, read again when it has changed. Looked at whenever it is asked for: a login is rare, and an
 * authority that was taken out must not count for another second. A file that cannot be used is an error
 * each time, never what it was before. Throws PosternError `mtls.files`.
 */
export class Watched<T> {
  #seen = "";
  #value: Promise<T> | undefined;

  constructor(
    readonly path: string,
    readonly parse: (text: string) => T | Promise<T>,
  ) {}

  get(): Promise<T> {
    const now = this.#state();
    if (!this.#value || now !== this.#seen) {
      this.#seen = now;
      this.#value = this.#read();
    }
    return this.#value;
  }

  async #read(): Promise<T> {
    try {
      return await this.parse(await readFile(this.path, "utf8"));
    } catch (error) {
      throw error instanceof PosternError ? error : unusable(this.path, codeOf(error));
    }
  }

  #state(): string {
    const { mtimeMs = 0, size = 0, ino = 0 } = statSync(this.path, { throwIfNoEntry: false }) ?? {};
    return `${mtimeMs} ${size} ${ino}`;
  }
}

export function unusable(path: string, why: string): PosternError {
  return new PosternError("mtls.files", `${path} cannot be used for client certificates: ${why}.`, {
    hint: "It must be a PEM file that the gateway's user can read; see the page of mtls().",
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "it is not in PEM form";
}
