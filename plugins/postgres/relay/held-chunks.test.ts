import { expect, test } from "bun:test";
import { query } from "../wire/query.ts";
import { memorySession } from "./testing/memory.ts";

const held = query("delete from t");
const behind = Buffer.concat(Array.from({ length: 300 }, () => query("select 1")));
const buffer = 2_000;

test("what had arrived with a held message is no excess, wherever that was cut", async () => {
  for (const cut of [0, 3, 7, held.length - 1]) {
    const { caller, gate } = memorySession({ buffer });
    gate.word = ({ text }) => (text.startsWith("delete") ? "willHold" : "allow");
    if (cut > 0) caller.arrive(held.subarray(0, cut));
    caller.arrive(held.subarray(cut), behind);
    await gate.held();
    caller.arrive(behind.subarray(0, buffer));
    expect(gate.signal.aborted).toBe(false);
    caller.arrive(behind.subarray(0, 1));
    expect(gate.signal.reason?.code).toBe("limit.buffer");
  }
});
