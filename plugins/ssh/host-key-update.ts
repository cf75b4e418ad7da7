import type { Connection } from "ssh2";
import type { HostKeys } from "./host-keys.ts";
import { Fields } from "./keys/fields.ts";
import { onGlobalRequest, sendGlobalRequest, string } from "./message.ts";

/**
 * Tells a client that is logged in all keys of the gateway, the next one too, and proves that they are its own
 * (OpenSSH's PROTOCOL, 2.5): OpenSSH's client writes them down (`UpdateHostKeys`), and knows the next one when it comes.
 * `broke`: the client asks more than it waits for.
 */
export function offerHostKeys(
  connection: Connection,
  { current, next }: HostKeys,
  broke: (how: string) => void,
): void {
  const keys = [current, next];
  const answer = (data: Buffer, session: Buffer) => {
    const asked = new Fields(data);
    const proofs: Buffer[] = [];
    while (!asked.done) {
      const wanted = asked.bytesField();
      const key = keys.find((each) => each.public.equals(wanted));
      if (!key || proofs.length === keys.length) return undefined;
      proofs.push(string(key.sign(Buffer.concat([string(prove), string(session), string(wanted)]))));
    }
    return Buffer.concat(proofs);
  };
  onGlobalRequest(connection, prove, answer, () => broke("it asks on and on, and waits for no answer"));
  sendGlobalRequest(connection, offer, Buffer.concat(keys.map((key) => string(key.public))));
}

const offer = "hostkeys-00@openssh.com";
const prove = "hostkeys-prove-00@openssh.com";
