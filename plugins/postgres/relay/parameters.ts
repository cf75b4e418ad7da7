import type { Parameters } from "../../../core/plugin.ts";
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

/** The bound values of one Bind message, decoded when first asked for. `oids`: of their types, where known. */
export function parametersOf(bind: Buffer, oids: readonly number[]): BoundParameters {
  return new Bound(bind, oids);
}

interface Read {
  readonly values: readonly (string | Uint8Array | null)[];
  readonly types: readonly string[];
}

class Bound implements BoundParameters {
  #read: Read | undefined;

  constructor(
    readonly bind: Buffer,
    readonly oids: readonly number[],
  ) {}

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
    return writeValues(this.bind, into, at);
  }

  #values(): Read {
    this.#read ??= boundBy(this.bind, this.oids);
    return this.#read;
  }
}

function boundBy(bind: Buffer, oids: readonly number[]): Read {
  const { parameters, parameterFormats } = bindMessage(bind, headerSize, bind.length);
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
    return text ?? value;
  });
  return { values, types };
}
