import { type Fields, Malformed } from "../keys/fields.ts";

/** What ATTRS may hold (draft-ietf-secsh-filexfer-02, 5). */
const has = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x80000000 } as const;
const known = (has.size | has.owner | has.mode | has.times | has.extended) >>> 0;

/** Reads ATTRS and says what is in them: ` size=0 owner=0:0 mode=755 times=1700000000,1700000000`. Throws Malformed. */
export function attributesText(fields: Fields): string {
  const flags = fields.uint32();
  if ((flags & ~known) !== 0) throw new Malformed("an attribute is not known");
  const parts: string[] = [];
  if (flags & has.size) parts.push(`size=${fields.uint64()}`);
  if (flags & has.owner) parts.push(`owner=${fields.uint32()}:${fields.uint32()}`);
  if (flags & has.mode) parts.push(`mode=${(fields.uint32() & 0o7777).toString(8)}`);
  if (flags & has.times) parts.push(`times=${fields.uint32()},${fields.uint32()}`);
  if (flags & has.extended) {
    for (let left = fields.uint32(); left > 0; left--) {
      parts.push(`${JSON.stringify(fields.bytesField().toString("latin1"))}`);
      fields.bytesField();
    }
  }
  return parts.map((part) => ` ${part}`).join("");
}
