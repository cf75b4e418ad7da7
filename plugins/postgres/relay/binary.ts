/** Oids of types (pg_type.dat) whose binary form is common among drivers. */
const type = {
  bool: 16,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  float4: 700,
  float8: 701,
  varchar: 1043,
  uuid: 2950,
};

/** The text form of a binary value; undefined: this type is not known here. */
export function binaryText(oid: number, value: Buffer): string | undefined {
  if (oid === type.text || oid === type.varchar) return value.toString("utf8");
  if (oid === type.int4 && value.length === 4) return String(value.readInt32BE(0));
  if (oid === type.int8 && value.length === 8) return String(value.readBigInt64BE(0));
  if (oid === type.int2 && value.length === 2) return String(value.readInt16BE(0));
  if (oid === type.bool && value.length === 1) return value[0] === 0 ? "false" : "true";
  if (oid === type.float8 && value.length === 8) return String(value.readDoubleBE(0));
  if (oid === type.float4 && value.length === 4) return String(value.readFloatBE(0));
  if (oid === type.uuid && value.length === 16) {
    return value.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }
  return undefined;
}
