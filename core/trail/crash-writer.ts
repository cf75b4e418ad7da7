import { openTrail } from "./open.ts";

// For crash.test.ts: writes as fast as it can and tells each sequence number once append has returned.
const [dataDir, stream, signingKey] = process.argv.slice(2) as [string, string, string];
const trail = await openTrail({
  dataDir,
  stream,
  role: "worker",
  strict: false,
  signingKey: Buffer.from(signingKey, "base64").toString(),
  segmentBytes: 128 << 10,
  recordingSegmentBytes: 128 << 10,
  onFault: (error) => {
    throw error;
  },
});
const recording = trail.record("ses_crash");
await recording.event("begin", {});
for (let round = 0; ; round++) {
  let seq = 0;
  for (let n = 0; n < 20; n++) {
    seq = trail.append({
      kind: "outcome",
      session: "ses_crash",
      op: round,
      outcome: { result: "ok" },
      ms: n,
    });
  }
  await recording.event("round", { round, seq });
  process.stdout.write(`${seq}\n`);
  await trail.durable(seq);
}
