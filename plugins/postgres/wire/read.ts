import { PosternError } from "../../../core/plugin.ts";

/**
 * Reading a message body with bounds. Every decoder in this folder takes `(view, start, end)`, where
 * `start` is the first byte of the body and `end` the byte after its last, and throws
 * `postgres.protocol` rather than read outside of it.
 */

export function malformed(message: string, what: string): PosternError {
  return new PosternError("postgres.protocol", `Malformed ${message}: ${what}.`);
}

/** The offset of the NUL that ends the string at `at`. */
export function stringEnd(view: Buffer, at: number, end: number, message: string): number {
  const nul = at < end ? view.indexOf(0, at) : -1;
  if (nul === -1 || nul >= end) throw malformed(message, "a string without its end");
  return nul;
}

/** A position in one message body. One object a message: for what is not on the hot path. */
export class BodyReader {
  constructor(
    readonly view: Buffer,
    public at: number,
    readonly end: number,
    readonly message: string,
  ) {
    if (at < 0 || at > end || end > view.length) throw malformed(message, "its bounds are not in the view");
  }
  get left(): number {
    return this.end - this.at;
  }
  skip(length: number): number {
    const at = this.at;
    if (length < 0 || length > this.end - at) throw malformed(this.message, "it is cut off");
    this.at = at + length;
    return at;
  }
  int8(): number {
    return this.view.readUInt8(this.skip(1));
  }
  int16(): number {
    return this.view.readInt16BE(this.skip(2));
  }
  /** A count: 0 to 65,535, as the server reads it. */
  uint16(): number {
    return this.view.readUInt16BE(this.skip(2));
  }
  int32(): number {
    return this.view.readInt32BE(this.skip(4));
  }
  /** An oid. */
  uint32(): number {
    return this.view.readUInt32BE(this.skip(4));
  }
  string(): string {
    const nul = stringEnd(this.view, this.at, this.end, this.message);
    const text = this.view.toString("utf8", this.at, nul);
    this.at = nul + 1;
    return text;
  }
  bytes(length: number): Buffer {
    const at = this.skip(length);
    return this.view.subarray(at, at + length);
  }
  /** Throws when bytes are left over. */
  done(): void {
    if (this.at !== this.end) throw malformed(this.message, `${this.left} bytes too many`);
  }
}
