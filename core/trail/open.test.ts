import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTrail } from "./open.ts";
import { follow } from "./read.ts";
import { readRecording } from "./read-recording.ts";

test("what is appended can be read back", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-trail-"));
  const key = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const trail = await openTrail({
    dataDir,
    stream: "a-s",
    role: "supervisor",
    strict: false,
    signingKey: key,
    segmentBytes: 65536,
    recordingSegmentBytes: 65536,
    onFault: (e) => {
      throw e;
    },
  });
  const recording = trail.record("ses_1");
  await recording.event("q", { text: "select 1" });
  const big = new Uint8Array(300000).fill(7);
  await recording.bytes(big);
  const seqs: number[] = [];
  for (let i = 0; i < 600; i++) {
    const seq = trail.append({
      kind: "outcome",
      session: "ses_1",
      op: i,
      outcome: { result: "ok", rows: i },
      ms: 1,
    });
    seqs.push(seq);
    if (i % 10 === 0) await trail.durable(seq);
  }
  recording.close();
  await trail.close();
  const reader = follow(dataDir, "a-s");
  const entries = [...reader];
  expect(reader.stop).toEqual({ at: "end" });
  expect(entries.map((e) => e.seq)).toEqual(entries.map((_, i) => i + 1));
  expect(entries.filter((e) => e.kind === "outcome").length).toBe(600);
  expect(entries.slice(-2).map((e) => e.kind)).toEqual(["stop", "checkpoint"]);
  const recorded = [...readRecording(dataDir, "ses_1")];
  expect(recorded).toEqual([...readRecording(dataDir, recording.id)]);
  expect(recorded.length).toBe(2);
  expect(recorded[1]!.kind === "bytes" && Buffer.from(big).equals(recorded[1]!.bytes)).toBe(true);
});
