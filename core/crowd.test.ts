import { expect, jest, test } from "bun:test";
import { Crowd } from "./crowd.ts";

test("collects as sessions grow in number, and once when many have left", async () => {
  let open = 0;
  let collected = 0;
  const crowd = new Crowd(
    () => open,
    () => collected++,
  );
  const become = async (count: number) => {
    for (; open !== count; crowd.changed()) open += Math.sign(count - open);
    await new Promise(setImmediate);
  };
  await become(127);
  expect(collected).toBe(0);
  await become(128);
  expect(collected).toBe(1);
  // Whoever logs in and out leaves it to the engine.
  for (let times = 0; times < 1_000; times++) {
    await become(129);
    await become(128);
  }
  expect(collected).toBe(1);
  await become(4_096);
  // A sixteenth more each time, once that is more than 128.
  expect(collected).toBeGreaterThan(16);
  expect(collected).toBeLessThan(32);
  const before = collected;
  jest.useFakeTimers();
  try {
    for (; open > 0; crowd.changed()) open--;
    expect(collected).toBe(before);
    jest.advanceTimersByTime(1_000);
    expect(collected).toBe(before + 1);
  } finally {
    jest.useRealTimers();
  }
  crowd.stop();
});
