import { expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { releaseStream } from "./release.ts";
import { headerBytes } from "./segment.ts";
import { outcome, TrailRig } from "./trail-rig.ts";
import { verifyTrail } from "./verify.ts";

test("who died between closing a segment and writing into the next has lost nothing", async () => {
  const rig = new TrailRig();
  try {
    const trail = await rig.open("a0-w0");
    const turnedOver = () => rig.segments("a0-w0") > 1 && rig.frames("a0-w0", 2).length > 0;
    for (let op = 0; !turnedOver(); op++) await trail.durable(trail.append(outcome(op)));
    await trail.close();
    // As SIGKILL leaves it: the first segment leads to the second, which has only its magic.
    const next = rig.segment("a0-w0", 2);
    writeFileSync(next, Buffer.concat([readFileSync(next).subarray(0, headerBytes), Buffer.alloc(4096)]));
    expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);

    releaseStream(rig.dataDir, "a0-w0");
    expect(verifyTrail(rig.dataDir, rig.publicKey).findings).toEqual([]);
    expect(statSync(next).size).toBe(headerBytes);
  } finally {
    rig.remove();
  }
});
