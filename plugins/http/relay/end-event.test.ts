import { expect, test } from "bun:test";
import { decodeFrames } from "../../../core/recording/frames.ts";
import { endRoom, writeEndAt } from "./end-event.ts";

test("an end is written as its JSON, whatever was written before it", () => {
  const into = Buffer.alloc(endRoom + 4);
  for (const bytes of [0, 7, 1024, 10, Number.MAX_SAFE_INTEGER]) {
    for (const whole of [true, false, true]) {
      const hash = new Bun.CryptoHasher("sha256").update(`${bytes}${whole}`);
      const sha256 = hash.copy().digest("hex");
      const end = writeEndAt(into, 4, 258, bytes, hash.digest(), whole);
      const [frame, ...more] = decodeFrames(into.subarray(4, end));
      expect(more).toEqual([]);
      expect(frame?.channel).toBe(258);
      const event = { event: "end", bytes, sha256, whole };
      expect(Buffer.from(frame?.data ?? []).toString()).toBe(JSON.stringify(event));
    }
  }
});
