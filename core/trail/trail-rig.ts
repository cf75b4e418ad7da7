import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PosternError } from "../error.ts";
import type { Entry } from "./entry.ts";
import { segmentsIn } from "./frames.ts";
import { openTrail, type TrailOptions } from "./open.ts";
import { headerBytes, segmentName } from "./segment.ts";
import type { StreamTrail } from "./stream-trail.ts";

/** A data folder, keys and trails for tests of this folder. Small segments, so that they turn over. */
export class TrailRig {
  readonly dataDir = mkdtempSync(join(tmpdir(), "postern-trail-"));
  readonly faults: { error: PosternError; session?: string }[] = [];
  readonly #keys = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  readonly publicKey = this.#keys.publicKey;
  readonly signingKey = this.#keys.privateKey;

  open(stream: string, options: Partial<TrailOptions> = {}, signed = true): Promise<StreamTrail> {
    return openTrail({
      dataDir: this.dataDir,
      stream,
      role: stream.endsWith("-s") ? "supervisor" : "worker",
      strict: false,
      ...(signed ? { signingKey: this.signingKey } : {}),
      segmentBytes: 64 << 10,
      recordingSegmentBytes: 64 << 10,
      onFault: (error, session) => this.faults.push(session === undefined ? { error } : { error, session }),
      ...options,
    });
  }

  segment(stream: string, index = 1): string {
    return join(this.dataDir, "trail", stream, segmentName(index));
  }

  segments(stream: string): number {
    return segmentsIn(join(this.dataDir, "trail", stream)).length;
  }

  /** Length words and payloads of one segment, read without the code under test. */
  frames(
    stream: string,
    index = 1,
  ): { readonly offset: number; readonly length: number; readonly entry: Entry & { seq: number } }[] {
    const bytes = readFileSync(this.segment(stream, index));
    const found = [];
    for (let offset = headerBytes; offset + 4 <= bytes.length; ) {
      const length = bytes.readInt32LE(offset);
      if (length <= 0) break;
      const entry = JSON.parse(bytes.toString("utf8", offset + 4 + 32, offset + 4 + length)) as Entry & {
        seq: number;
      };
      found.push({ offset, length, entry });
      offset += (4 + length + 3) & ~3;
    }
    return found;
  }

  remove(): void {
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** An entry that a session of tests writes again and again. */
export function outcome(op: number): Entry {
  return { kind: "outcome", session: "ses_test", op, outcome: { result: "ok", rows: op }, ms: 1 };
}
