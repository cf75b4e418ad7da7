import type { Connection } from "ssh2";
import { Fields, Malformed } from "./keys/fields.ts";

/** What of ssh2's own protocol object is needed here. */
interface Protocol {
  _onPayload: (payload: Buffer) => unknown;
}

const channelRequest = 98;
/** Those from here on have an argument of a form that no RFC tells. */
const firstUnknown = 160;

/** Of the terminal that was asked for last; it is read in the same step in which it is asked for. */
const modes = new WeakMap<Connection, Buffer>();

/**
 * Reads the modes of the terminals that a caller asks for (RFC 4254, 6.2 and 8), of which ssh2 hands on nothing: it
 * begins to read them at their second byte. Before the key exchange.
 */
export function heedTerminalModes(connection: Connection): void {
  const protocol = (connection as unknown as { readonly _protocol: Protocol })._protocol;
  const handle = protocol._onPayload;
  protocol._onPayload = (payload) => {
    if (payload[0] === channelRequest) {
      const asked = modesIn(payload);
      if (asked) modes.set(connection, asked);
    }
    return handle(payload);
  };
}

/** Encoded as in `pty-req`. */
export function terminalModes(connection: Connection): Buffer | undefined {
  return modes.get(connection);
}

/** undefined: it asks for something else, or is malformed, which ssh2 deals with. */
export function modesIn(payload: Buffer): Buffer | undefined {
  try {
    const fields = new Fields(payload.subarray(5));
    if (fields.text() !== "pty-req") return undefined;
    // Behind whether an answer is wanted.
    const rest = new Fields(payload.subarray(5 + fields.at + 1));
    rest.text();
    for (let size = 0; size < 4; size++) rest.uint32();
    return encodedAgain(rest.bytesField());
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** Each mode once, as it was named last, as far as the list can be read. */
function encodedAgain(list: Buffer): Buffer {
  const known = new Map<number, Buffer>();
  for (let at = 0; at + 5 <= list.length; at += 5) {
    const opcode = list[at] ?? 0;
    if (opcode === 0 || opcode >= firstUnknown) break;
    known.set(opcode, list.subarray(at, at + 5));
  }
  return Buffer.concat([...known.values(), Buffer.alloc(1)]);
}
