import { PosternError, type Wire } from "../../../core/plugin.ts";
import { maxStartup, type StartupPacket, startupPacket } from "../wire/startup.ts";

/** Reads one start-up packet. Length and TLS are looked at before anything else is waited for. */
export async function readStartup(caller: Wire): Promise<StartupPacket> {
  return await readRest(caller, await caller.read(1));
}

/**
 * Answers SSLRequest or GSSENCRequest with "N" and reads what comes next. Bytes that came right behind
 * the request were not written by somebody who waits for the answer: a man in the middle could have put
 * them there (CVE-2021-23214), so they are refused.
 */
export async function declineEncryption(caller: Wire): Promise<StartupPacket> {
  let early = false;
  const first = caller.read(1).finally(() => {
    early = true;
  });
  first.catch(() => {});
  await soon();
  if (early) {
    await first;
    throw new PosternError(
      "postgres.protocol",
      "Data arrived before the answer to a request for encryption.",
    );
  }
  caller.write(Buffer.from("N", "latin1"));
  return await readRest(caller, await first);
}

/** All that is settled already has been told by then. */
function soon(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function readRest(caller: Wire, first: Buffer): Promise<StartupPacket> {
  if (first[0] === 0x16) {
    throw new PosternError("postgres.tls", "This listener does not speak TLS.", {
      hint: "Connect with sslmode=disable and without sslnegotiation=direct.",
    });
  }
  const length = Buffer.concat([first, await caller.read(3)]).readInt32BE(0);
  if (length < 8 || length > maxStartup) {
    throw new PosternError("postgres.protocol", "Invalid length of start-up packet.", {
      hint: "This port speaks the PostgreSQL protocol.",
    });
  }
  return startupPacket(await caller.read(length - 4), 0, length - 4);
}
