import { PosternError, type Wire } from "../../../core/plugin.ts";
import { headerSize } from "./message.ts";

/** One whole message of a wire that is still read piece by piece: start-up, authentication, control. */
export interface Received {
  readonly type: number;
  readonly body: Buffer;
}

/**
 * Throws `postgres.protocol` as soon as the header shows a message longer than `limit` bytes, or of
 * another type than `only`.
 */
export async function receive(wire: Wire, limit: number, only?: number): Promise<Received> {
  const header = await wire.read(headerSize);
  const type = header.readUInt8(0);
  const length = header.readInt32BE(1) - 4;
  if (only !== undefined && type !== only) {
    throw new PosternError("postgres.protocol", "Another message came than the one that was asked for.");
  }
  if (length < 0 || length > limit) {
    throw new PosternError("postgres.protocol", `A message of ${length} bytes is not expected here.`);
  }
  return { type, body: length === 0 ? Buffer.alloc(0) : await wire.read(length) };
}
