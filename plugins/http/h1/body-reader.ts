import type { Fields } from "../message.ts";
import { Chunks } from "./chunks.ts";
import type { Intake } from "./intake.ts";

/** Finds a body's bytes in what arrives. */
export interface BodyReader {
  /** Takes what is there; undefined: no bytes of the body. Throws Fault. */
  read(intake: Intake): Buffer | undefined;
  readonly ended: boolean;
  readonly trailers: Fields;
}

/** `limit`: bytes of trailers. */
export function readerOf(body: number | "chunked" | "until-close", limit: number): BodyReader {
  if (body === "chunked") return new Chunks(limit);
  return new Counted(body === "until-close" ? Number.POSITIVE_INFINITY : body);
}

/** So many bytes as were told. */
class Counted implements BodyReader {
  readonly trailers: Fields = [];
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get ended(): boolean {
    return this.#left === 0;
  }

  read(intake: Intake): Buffer | undefined {
    if (intake.length === 0 || this.#left === 0) return undefined;
    if (intake.length <= this.#left) {
      this.#left -= intake.length;
      return intake.takeAll();
    }
    const piece = intake.bytes.subarray(intake.at, intake.at + this.#left);
    intake.at += this.#left;
    this.#left = 0;
    return piece;
  }
}
