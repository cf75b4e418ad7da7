/** Writes protobuf's wire format (proto2). */
export class Writer {
  private readonly parts: Buffer[] = [];

  varint(value: number | bigint): this {
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    while (rest > 0x7fn) {
      bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.parts.push(Buffer.from(bytes));
    return this;
  }

  tag(field: number, type: 0 | 1 | 2): this {
    return this.varint(field * 8 + type);
  }

  /** A length-delimited field. */
  bytes(field: number, value: Uint8Array | string): this {
    const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(value);
    this.tag(field, 2).varint(bytes.length);
    this.parts.push(bytes);
    return this;
  }

  int(field: number, value: number | bigint): this {
    return this.tag(field, 0).varint(value);
  }

  double(field: number, value: number): this {
    this.tag(field, 1);
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.parts.push(bytes);
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.parts);
  }
}

/** One field as it is on the wire: `value` is a number for types 0 and 1, bytes for 2. */
export interface Field {
  readonly field: number;
  readonly value: bigint | number | Buffer;
}

/** The fields of a message in their order. Throws a RangeError where the bytes are no message. */
export function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[offset++];
      if (byte === undefined) throw new RangeError("unexpected EOF");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("proto: integer overflow");
  };
  while (offset < message.length) {
    const tag = Number(varint());
    const field = tag >>> 3;
    switch (tag & 7) {
      case 0:
        fields.push({ field, value: BigInt.asIntN(64, varint()) });
        break;
      case 1:
        fields.push({ field, value: message.readDoubleLE(offset) });
        offset += 8;
        break;
      case 2: {
        const length = Number(varint());
        if (offset + length > message.length) throw new RangeError("unexpected EOF");
        fields.push({ field, value: message.subarray(offset, offset + length) });
        offset += length;
        break;
      }
      default:
        throw new RangeError(`proto: illegal wireType ${tag & 7}`);
    }
  }
  return fields;
}
