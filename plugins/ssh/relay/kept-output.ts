import { createHash } from "node:crypto";
import { encodeEvent, frameTypes } from "../../../core/plugin.ts";
import type { Carriage } from "./carriage.ts";

/** What a recording keeps of a command's output. */
export interface KeptOutput {
  /** A promise: read no further until it is kept. */
  passed(bytes: Uint8Array): Promise<void> | undefined;
  over(): void;
}

export function keepOutput(carriage: Carriage, number: number, error: boolean): KeptOutput {
  const type = error ? frameTypes.error : frameTypes.output;
  return { passed: (bytes) => carriage.passed(type, number, bytes), over: () => {} };
}

/** Of what moves files: how much it was, and its hash. */
export function digestOutput(carriage: Carriage, number: number): KeptOutput {
  const digest = carriage.gate.recordsWire ? createHash("sha256") : undefined;
  let size = 0;
  return {
    passed(bytes) {
      carriage.lastByte = performance.now();
      size += bytes.length;
      digest?.update(bytes);
      return undefined;
    },
    over() {
      if (!digest || size === 0) return;
      const sha256 = digest.digest("hex");
      carriage.tell(() => encodeEvent(number, { event: "stdout", bytes: size, sha256 }));
    },
  };
}

/**
 * The far end of scp, rsync or git and nothing besides: what it prints is its own protocol, with files in it. For
 * what is kept only; what it may do is decided by `command/`.
 */
export function movesFiles(command: string): boolean {
  return (
    /^(scp (-[dprqv]+ )*-[tf] |rsync --server |git-(upload-pack|receive-pack|upload-archive) )/.test(
      command,
    ) && !/[;&|<>$()`\n\r]/.test(command)
  );
}
