import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { genesis, signer } from "./chain.ts";
import type { Entry, Head } from "./entry.ts";
import { linked } from "./read.ts";
import { trailMagic } from "./segment.ts";
import { outcome, TrailRig } from "./trail-rig.ts";
import { verifyTrail } from "./verify.ts";

/** A segment as somebody would write it who knows the format; `sign` is what they have of signatures. */
function forge(
  stream: string,
  entries: readonly (Entry & { time: number })[],
  sign: (head: Head) => string,
): Buffer {
  const parts = [Buffer.from(trailMagic)];
  let hash: Uint8Array = genesis(stream);
  for (const [index, entry] of entries.entries()) {
    const head = { stream, seq: index, hash: Buffer.from(hash).toString("hex") };
    const signed = entry.kind === "checkpoint" ? { ...entry, head, signature: sign(head) } : entry;
    const body = Buffer.from(JSON.stringify({ seq: index + 1, ...signed }));
    const frame = Buffer.alloc((4 + 32 + body.length + 3) & ~3);
    frame.writeInt32LE(32 + body.length);
    body.copy(frame, 36);
    const payload = frame.subarray(4, 36 + body.length);
    payload.set(linked(hash, payload)!, 0);
    hash = new Uint8Array(payload.subarray(0, 32));
    parts.push(frame);
  }
  return Buffer.concat(parts);
}

describe("checkpoints taken out, and all hashes made to fit", () => {
  const start = { kind: "start", version: "1", pid: 1, role: "supervisor" } as const;
  const checkpoint = { kind: "checkpoint", head: { stream: "", seq: 0, hash: "" }, signature: "" } as const;
  const ends = [
    { kind: "stop", reason: "", time: 2000 },
    { ...checkpoint, time: 2000 },
  ] as const;
  const check = (middle: readonly (Entry & { time: number })[]) => {
    const other = new TrailRig();
    mkdirSync(join(other.dataDir, "trail/c0-s"), { recursive: true });
    const entries = [{ ...start, time: 0 }, { ...checkpoint, time: 0 }, ...middle, ...ends];
    writeFileSync(other.segment("c0-s"), forge("c0-s", entries, signer(other.signingKey)));
    const { findings } = verifyTrail(other.dataDir, other.publicKey);
    other.remove();
    return findings;
  };
  test("unsigned for longer than a checkpoint takes", () => {
    const middle = [
      { ...outcome(1), time: 10 },
      { ...outcome(2), time: 1010 },
    ];
    expect(check(middle)[0]).toMatchObject({ what: "unsigned", seq: 4 });
    expect(check([middle[0]!, { ...checkpoint, time: 1010 }, middle[1]!])).toEqual([]);
  });
  test("not signed at all", async () => {
    const other = new TrailRig();
    await (await other.open("c0-s", {}, false)).close();
    expect(verifyTrail(other.dataDir, other.publicKey).findings[0]).toMatchObject({ what: "unsigned" });
    other.remove();
  });
});
