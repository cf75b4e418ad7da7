import type { Cursor, Parameters } from "../../../core/plugin.ts";
import { binaryText, typeName } from "../binary/index.ts";
import { headerSize } from "../wire/message.ts";
import { bindMessage } from "../wire/query.ts";
import { writeValues } from "./values.ts";

/** The values of one Bind. */
export interface BoundParameters extends Parameters {
  /** Of their types, as far as the caller or the server named them; 0: not named. */
  readonly oids: readonly number[];
  readonly types: readonly string[];
}

interface Read {
  readonly values: readonly (string | Uint8Array | null)[];
  readonly types: readonly string[];
}

/** Bytes around a message that are kept with it: to copy it costs more. */
const around = 512;

/** The bound values of one Bind message, decoded when first asked for. */
export class Bound implements BoundParameters {
  #read: Read | undefined;

  /** The message stands in `view`, header included, and stays there. `oids`: of their types, where known. */
  constructor(
    readonly view: Buffer,
    readonly start: number,
    readonly end: number,
    readonly oids: readonly number[],
  ) {}

  /** Of the message at the cursor, which is there as a whole. Not for a codec whose views are given back (Codec.keepsNothing). */
  static at({ view, at }: Cursor, length: number, oids: readonly number[]): Bound {
    if (view.length <= length + around) return new Bound(view, at, at + length, oids);
    const bytes = Buffer.allocUnsafe(length);
    view.copy(bytes, 0, at, at + length);
    return new Bound(bytes, 0, length, oids);
  }

  /** More may be known of their types meanwhile. */
  of(oids: readonly number[]): Bound {
    return oids === this.oids ? this : new Bound(this.view, this.start, this.end, oids);
  }

  get length(): number {
    return this.#values().values.length;
  }

  get types(): readonly string[] {
    return this.#values().types;
  }

  at(index: number): string | Uint8Array | null {
    return this.#values().values[index] ?? null;
  }

  list(into: Buffer, at: number): number {
    return writeValues(this.view, this.start, this.end, into, at);
  }

  #values(): Read {
    this.#read ??= read(this);
    return this.#read;
  }
}

function read({ view, start, end, oids }: Bound): Read {
  const { parameters, parameterFormats } = bindMessage(view, start + headerSize, end);
  const types: string[] = [];
  const values = parameters.map((value, index) => {
    const oid = oids[index] ?? 0;
    const name = typeName(oid);
    types.push(name);
    if (value === null) return null;
    const format = parameterFormats.length === 1 ? parameterFormats[0] : parameterFormats[index];
    if (format !== "binary") return value.toString("utf8");
    const text = binaryText(oid, value);
    // Its approver must not take the digits for the value.
    if (text === undefined) types[index] = name === "" ? "(binary)" : `${name} (binary)`;
    // Whoever reads it may write into it, and the message itself has yet to leave.
    return text ?? Buffer.from(value);
  });
  return { values, types };
}
