import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Searches for values that must not be anywhere. Each is looked for as text, UTF-16, hex, base64 at
 * each of its three alignments, url-encoded and JSON-escaped.
 */
export class Canaries {
  readonly #forms: readonly { readonly value: string; readonly form: string; readonly bytes: Buffer }[];

  constructor(...values: readonly string[]) {
    this.#forms = values.flatMap((value) =>
      Object.entries(formsOf(value)).flatMap(([form, texts]) =>
        texts.map((bytes) => ({ value, form, bytes })),
      ),
    );
  }

  /** One line for each value found: `wire: alice@example.com as base64`. Empty: none is there. */
  inBytes(where: string, haystack: Uint8Array): string[] {
    const view = Buffer.from(haystack.buffer, haystack.byteOffset, haystack.byteLength);
    return this.#forms
      .filter(({ bytes }) => view.includes(bytes))
      .map(({ value, form }) => `${where}: ${value} as ${form}`);
  }

  /** Every file below `folder`. */
  inFiles(folder: string): string[] {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
      .flatMap((path) => this.inBytes(path, readFileSync(path)));
  }

  /** The command line of every process on this machine. */
  inCommandLines(): string[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => this.inBytes(`/proc/${pid}/cmdline`, commandLine(pid)));
  }
}

function formsOf(value: string): Record<string, Buffer[]> {
  const plain = Buffer.from(value);
  const encoded = encodeURIComponent(value);
  const escaped = JSON.stringify(value).slice(1, -1);
  return {
    text: [plain],
    "UTF-16": [Buffer.from(value, "utf16le")],
    hex: [Buffer.from(plain.toString("hex")), Buffer.from(plain.toString("hex").toUpperCase())],
    base64: [0, 1, 2].flatMap((shift) => alignedBase64(plain, shift)),
    ...(encoded === value ? {} : { "url-encoded": [Buffer.from(encoded)] }),
    ...(escaped === value ? {} : { "JSON-escaped": [Buffer.from(escaped)] }),
  };
}

/** The base64 characters that `bytes` alone decide when `shift` unknown bytes stand before it. */
function alignedBase64(bytes: Buffer, shift: number): Buffer[] {
  const padded = Buffer.concat([Buffer.alloc(shift), bytes]);
  const start = Math.ceil((shift * 8) / 6);
  const end = Math.floor((padded.length * 8) / 6);
  return (["base64", "base64url"] as const).map((encoding) =>
    Buffer.from(padded.toString(encoding).slice(start, end)),
  );
}

function commandLine(pid: string): Buffer {
  try {
    return readFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return Buffer.alloc(0);
  }
}
