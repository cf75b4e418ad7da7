import type { Transform } from "node:stream";
import {
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createGunzip,
  createGzip,
  createInflate,
  createInflateRaw,
  createZstdCompress,
  createZstdDecompress,
} from "node:zlib";
import { type Fields, fieldsOf, listOf } from "../message.ts";

/** Content codings (RFC 9110, 8.4.1; RFC 7932, RFC 8878) that can be undone. */
export const codings = ["gzip", "br", "zstd", "deflate"] as const;
export type Coding = (typeof codings)[number];

/** More than two, one over the other, nobody sends. */
const mostCodings = 2;

/** In the order in which they were applied; undefined: one of them is unknown, or they are too many. */
export function codingsOf(fields: Fields): readonly Coding[] | undefined {
  const applied: Coding[] = [];
  for (const name of listOf(fields, "content-encoding")) {
    if (name === "identity") continue;
    const coding = codings.find((known) => known === (name === "x-gzip" ? "gzip" : name));
    if (coding === undefined || applied.length === mostCodings) return undefined;
    applied.push(coding);
  }
  return applied;
}

/** Whether who sent these fields takes the coding. Without `Accept-Encoding` it is not known to. */
export function accepts(fields: Fields, coding: Coding): boolean {
  let other = false;
  for (const { name, weight } of weighted(fields)) {
    if (name === coding || (coding === "gzip" && name === "x-gzip")) return weight > 0;
    if (name === "*") other = weight > 0;
  }
  return other;
}

/** `Accept-Encoding` without what cannot be undone; undefined: there is none. */
export function acceptable(fields: Fields): string | undefined {
  if (fieldsOf(fields, "accept-encoding").length === 0) return undefined;
  const kept = codings.filter((coding) => accepts(fields, coding));
  return kept.length === 0 ? "identity" : kept.join(", ");
}

function weighted(fields: Fields): { readonly name: string; readonly weight: number }[] {
  return listOf(fields, "accept-encoding").map((part) => {
    const [name = "", ...parameters] = part.split(";").map((each) => each.trim());
    const weight = parameters.find((each) => each.startsWith("q="));
    return { name, weight: weight === undefined ? 1 : Number(weight.slice(2)) || 0 };
  });
}

/** Windows of 8 MiB at most, as RFC 9659 has them for HTTP. */
const zstdWindow = 23;

/** Bytes that come out of a coding at once. */
const chunkSize = 64 << 10;

/** `first`: the first byte; some servers leave out what RFC 9110, 8.4.1.2 has `deflate` begin with. */
export function undoing(coding: Coding, first: number): Transform {
  switch (coding) {
    case "gzip":
      return createGunzip({ chunkSize });
    case "br":
      return createBrotliDecompress({ chunkSize });
    case "zstd":
      return createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: zstdWindow } });
    case "deflate":
      return (first & 0x0f) === 8 ? createInflate({ chunkSize }) : createInflateRaw({ chunkSize });
  }
}

/** A coding that is applied as the body goes by. */
export interface Applying {
  readonly stream: Transform;
  /** Lets all leave that was written until now. */
  flush(): void;
}

export function applying(coding: Coding): Applying {
  switch (coding) {
    case "gzip":
      return flushed(createGzip({ level: 4 }), constants.Z_SYNC_FLUSH);
    case "deflate":
      return flushed(createDeflate({ level: 4 }), constants.Z_SYNC_FLUSH);
    case "br":
      return flushed(
        createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
        constants.BROTLI_OPERATION_FLUSH,
      );
    case "zstd":
      return flushed(createZstdCompress(), constants.ZSTD_e_flush);
  }
}

function flushed(stream: Transform & { flush(kind: number): void }, kind: number): Applying {
  return { stream, flush: () => stream.flush(kind) };
}
