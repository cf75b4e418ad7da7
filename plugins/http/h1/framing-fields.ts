import { malformed } from "./fault.ts";
import type { FieldWatch } from "./fields.ts";
import { shapeOf, shapes } from "./name-shape.ts";
import { digits, isToken } from "./syntax.ts";

/** What `FramingFields.take` knows, in lower case. */
export const framingNames: readonly string[] = [
  ...["host", "content-length", "transfer-encoding", "connection", "upgrade", "expect", "http2-settings"],
  ...["te", "trailer", "keep-alive", "proxy-connection"],
];

/**
 * What the fields of one head say about its connection: how long the body is, whether the connection goes on, what it
 * is to turn into. These fields are of one hop and are not handed on (RFC 9110, 7.6.1).
 */
export class FramingFields implements FieldWatch {
  host: string | undefined;
  contentLength: number | undefined;
  chunked = false;
  expect: string | undefined;
  http2Settings: string | undefined;
  #upgrade: string | undefined;
  #options: ReadonlySet<string> | undefined;
  #nominates = false;

  /** Throws Fault where a field that frames or routes is not as it must be, or is there twice. */
  take(name: string, value: string): boolean {
    if (known[shapeOf(name)] !== 1) return false;
    switch (spelled.get(name) ?? name.toLowerCase()) {
      case "host":
        if (this.host !== undefined) throw malformed("There are two Host fields.");
        this.host = value;
        return false;
      case "content-length":
        if (this.contentLength !== undefined) throw malformed("There are two Content-Length fields.");
        this.contentLength = digits(value);
        if (this.contentLength < 0) throw malformed("Content-Length is not a number of bytes.");
        return true;
      case "transfer-encoding":
        if (this.chunked) throw malformed("There are two Transfer-Encoding fields.");
        if (value !== "chunked") throw malformed("Transfer-Encoding is not `chunked`.");
        this.chunked = true;
        return true;
      case "connection":
        this.#note(value);
        return true;
      case "upgrade":
        this.#upgrade = this.#upgrade === undefined ? value.toLowerCase() : "";
        return true;
      case "expect":
        this.expect = this.expect === undefined ? value.toLowerCase() : "";
        return true;
      case "http2-settings":
        this.http2Settings = value;
        return true;
      case "te":
      case "trailer":
      case "keep-alive":
      case "proxy-connection":
        return true;
      default:
        return false;
    }
  }

  /** An option of `Connection`, in lower case. */
  has(option: string): boolean {
    return this.#options?.has(option) === true;
  }

  /** Whether the connection outlives this message (RFC 9112, 9.3). */
  persistent(version: "1.0" | "1.1"): boolean {
    if (this.has("close")) return false;
    return version === "1.1" || this.has("keep-alive");
  }

  /** One protocol that `Connection: upgrade` stands behind; of a list, none is taken (RFC 9110, 7.8). */
  get upgrade(): string | undefined {
    const [name = "", version, ...more] = this.#upgrade?.split("/") ?? [];
    const proper = isToken(name) && (version === undefined || isToken(version)) && more.length === 0;
    return proper && this.has("upgrade") ? this.#upgrade : undefined;
  }

  /** Fields that `Connection` names are of this hop too; those that `take` knows are gone already. */
  get nominated(): ReadonlySet<string> | undefined {
    return this.#nominates ? this.#options : undefined;
  }

  /** Throws Fault where both lengths are given, or one that this version does not have (RFC 9112, 6.1). */
  check(version: "1.0" | "1.1"): void {
    if (!this.chunked) return;
    if (this.contentLength !== undefined)
      throw malformed("Both Content-Length and Transfer-Encoding are given.");
    if (version === "1.0") throw malformed("Transfer-Encoding is given with HTTP/1.0.");
  }

  #note(value: string): void {
    if (this.#options === undefined && Object.hasOwn(alone, value)) {
      this.#options = alone[value as keyof typeof alone];
      return;
    }
    const options = new Set(this.#options);
    this.#options = options;
    for (const part of value.split(",")) {
      const option = part.trim().toLowerCase();
      if (option === "") continue;
      if (!isToken(option)) throw malformed("Connection names something that is no field.");
      if (neverOfOneHop.has(option)) throw malformed("Connection names a field that is not of one hop.");
      options.add(option);
      this.#nominates ||= !usual.has(option);
    }
  }
}

/** Who could name these in `Connection` could take them away from the request that is sent on. */
const neverOfOneHop: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "content-type",
  "content-encoding",
  "authorization",
  "cookie",
  "set-cookie",
]);

/** What nearly every `Connection` says. */
const alone = {
  close: new Set(["close"]),
  "keep-alive": new Set(["keep-alive"]),
  Upgrade: new Set(["upgrade"]),
} as const;

/** Options that are no fields, or are never handed on. */
const usual: ReadonlySet<string> = new Set([
  "close",
  "keep-alive",
  "upgrade",
  "te",
  "http2-settings",
  "trailer",
]);

/** As nearly everybody writes them. */
const spelled: ReadonlyMap<string, string> = new Map(
  [
    ...["Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Expect", "TE", "Trailer"],
    ...["Keep-Alive", "host", "content-length", "transfer-encoding", "connection"],
  ].map((name) => [name, name.toLowerCase()]),
);

/** By length and first letter of a name: 1 where a name of `take` has both, so that others are not looked at twice. */
const known: Uint8Array = new Uint8Array(shapes);
for (const name of framingNames) known[shapeOf(name)] = 1;
