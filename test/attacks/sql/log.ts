import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** How an entry begins, and where its application_name ends (log_line_prefix). */
export const entryStart = "\u0001";
export const nameEnd = "\u0002";

/** What callers' sessions ran, as the server itself wrote it down (log_statement = all). */
export class StatementLog {
  readonly #file: string;
  #read = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** The texts that sessions through the gateway ran since the last call, fast-path calls as `fastpath function call: …`. */
  ran(): string[] {
    const texts: string[] = [];
    for (const entry of this.#further().split(entryStart)) {
      const end = entry.indexOf(nameEnd);
      if (end === -1 || !entry.slice(0, end).includes("postern:ses_")) continue;
      const said = entry.slice(end + 1).replace(/\n$/, "");
      const text =
        /^LOG: {2}(?:statement|execute fetch from [^:]*|execute [^:]*): ([\s\S]*)$/.exec(said)?.[1] ??
        /^LOG: {2}(fastpath function call: [\s\S]*)$/.exec(said)?.[1];
      // The log sets a tab before each further line.
      if (text !== undefined) texts.push(text.replaceAll("\n\t", "\n"));
    }
    return texts;
  }

  #further(): string {
    const file = openSync(this.#file, "r");
    try {
      const bytes = Buffer.alloc(fstatSync(file).size - this.#read);
      readSync(file, bytes, 0, bytes.length, this.#read);
      this.#read += bytes.length;
      return bytes.toString();
    } finally {
      closeSync(file);
    }
  }
}
