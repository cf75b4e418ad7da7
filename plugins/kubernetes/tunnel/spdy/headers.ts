import { constants, inflateRawSync } from "node:zlib";
import { streamFault } from "../fault.ts";
import { dictionary } from "./dictionary.ts";

/** Names in lower case, and their values. */
export type Headers = ReadonlyMap<string, string>;

/** Of one unpacked block, bytes: what Kubernetes says in it are a few words. */
const longestBlock = 8 * 1024;
const mostHeaders = 32;
/** What a packer may refer back to (RFC 1950): the dictionary, then all that was packed. */
const windowBytes = 32 * 1024;

/** Compression method and flags, then the dictionary's checksum (RFC 1950, 2.2). */
const zlibBytes = 6;
const dictionaryId = 0xe3c6a7c2;

/**
 * Unpacks the header blocks of one direction, which share one stream of zlib (SPDY protocol draft 3, 2.6.10.1). Each
 * block ends with a flush, and so can be unpacked by itself, with what came before as its dictionary; synchronously
 * therefore, and never to more than its bound.
 */
export class HeaderReader {
  #window: Buffer = dictionary;
  #begun = false;

  /** Throws PosternError `kubernetes.stream`. */
  read(packed: Buffer): Headers {
    let block: Buffer;
    try {
      block = inflateRawSync(this.#begun ? packed : withoutZlibHead(packed), {
        dictionary: this.#window,
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: longestBlock,
        chunkSize: 1024,
      });
    } catch (cause) {
      throw streamFault("its headers cannot be unpacked within bounds", cause);
    }
    this.#begun = true;
    this.#window = Buffer.concat([this.#window, block]).subarray(-windowBytes);
    return headersIn(block);
  }
}

/** Packs header blocks in the simplest form there is (stored: RFC 1951, 3.2.4), which refers to nothing before. */
export class HeaderWriter {
  #begun = false;

  write(headers: Headers): Buffer {
    const words = [...headers].flat().map((word) => Buffer.from(word, "latin1"));
    const block = Buffer.concat([
      number(headers.size),
      ...words.flatMap((word) => [number(word.length), word]),
    ]);
    const parts = [stored(block), stored(Buffer.alloc(0))];
    if (!this.#begun) parts.unshift(Buffer.of(0x78, 0x20), number(dictionaryId));
    this.#begun = true;
    return Buffer.concat(parts);
  }
}

function withoutZlibHead(packed: Buffer): Buffer {
  const proper =
    packed.length >= zlibBytes &&
    ((packed[0] as number) & 0x0f) === 8 &&
    packed.readUInt16BE(0) % 31 === 0 &&
    ((packed[1] as number) & 0x20) !== 0 &&
    packed.readUInt32BE(2) === dictionaryId;
  if (!proper) throw new Error("no head of zlib with the dictionary of SPDY");
  return packed.subarray(zlibBytes);
}

/** How many, then length and bytes of each name and value. */
function headersIn(block: Buffer): Headers {
  const headers = new Map<string, string>();
  let at = 4;
  const word = () => {
    const length = at + 4 <= block.length ? block.readUInt32BE(at) : block.length;
    if (at + 4 + length > block.length) throw streamFault("its headers are cut short");
    const text = block.toString("latin1", at + 4, at + 4 + length);
    at += 4 + length;
    return text;
  };
  const count = block.length < 4 ? mostHeaders + 1 : block.readUInt32BE(0);
  if (count > mostHeaders) throw streamFault("it has too many headers");
  for (let left = count; left > 0; left--) {
    const name = word();
    const value = word();
    if (!/^[!-@[-~]{1,256}$/.test(name) || !/^[ -~]*$/.test(value) || headers.has(name))
      throw streamFault("its headers are not proper");
    headers.set(name, value);
  }
  if (at !== block.length) throw streamFault("its headers are not proper");
  return headers;
}

function number(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function stored(bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(bytes.length, 1);
  head.writeUInt16LE(~bytes.length & 0xffff, 3);
  return Buffer.concat([head, bytes]);
}
