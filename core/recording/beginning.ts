/** Characters of what a beginning says; one that is longer is not worth keeping in every recording. */
const longest = 4096;

/**
 * How the JSON of many events begins: `{"name":"operation","data":{"text":"select 1"`. A recording keeps it once, and
 * each of those events is only the rest of it.
 */
export class Beginning {
  readonly bytes: Buffer;

  constructor(json: string) {
    this.bytes = Buffer.from(json, "utf8");
  }

  /** undefined: it is too long. */
  static of(json: string): Beginning | undefined {
    return json.length > longest ? undefined : new Beginning(json);
  }

  /** The whole event, from its beginning and `length` bytes of the rest. */
  with(rest: Uint8Array, length: number): { readonly name: string; readonly data: unknown } {
    const whole = Buffer.concat([this.bytes, rest.subarray(0, length)]);
    return JSON.parse(whole.toString("utf8")) as { name: string; data: unknown };
  }
}
