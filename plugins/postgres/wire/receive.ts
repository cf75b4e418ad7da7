import { PosternError, type Wire } from "../../../core/plugin.ts";
import { headerSize } from "./message.ts";

/** One whole message of a wire that is still read piece by piece: start-up, authentication, control. */
export interface Received {
  readonly type: number;
  readonly body: Buffer;
}

/** Throws `postgres.protocol` at once when the message says it is longer than `limit` bytes. */
export async function receive(wire: Wire, limit: number): Promise<Received> {
  const header = await wire.read(headerSize);
  const type = header.readUInt8(0);
  const length = header.readInt32BE(1) - 4;
  if (length < 0 || length > limit) {
    throw new PosternError("postgres.protocol", `A message of ${length} bytes is not expected here.`);
  }
  return { type, body: length === 0 ? Buffer.alloc(0) : await wire.read(length) };
}
