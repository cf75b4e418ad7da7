import { afterAll, expect, test } from "bun:test";
import { LogWords } from "./control.ts";
import type { Entry } from "./entry.ts";
import { TrailRig } from "./trail-rig.ts";

const rig = new TrailRig();
afterAll(() => rig.remove());

const operation: Entry = { kind: "operation", session: "s", text: "q", actions: [], rules: [], policy: "1" };

test("strict: a flush begins with the operation of one alone, and with the turn of many", async () => {
  const trail = await rig.open("a-w0", { strict: true });
  const { asked } = new LogWords(0);
  const askedFor = () => Atomics.load(trail.threads.words, asked);
  const alone = trail.append(operation);
  expect(askedFor()).toBe(alone);
  await trail.durable(alone);
  // Where a flush ends among the twenty is chance: one that ends before the last alone counts as one at work.
  let [first, second] = [0, 0];
  for (let round = 0; round < 50 && askedFor() >= first; round++) {
    await Promise.all(Array.from({ length: 20 }, () => trail.durable(trail.append(operation))));
    first = trail.append(operation);
    second = trail.append(operation);
  }
  expect(askedFor()).toBeLessThan(first);
  await new Promise(setImmediate);
  expect(askedFor()).toBe(second);
  await trail.durable(first);
  // Whoever waits by then does not wait for the turn to end.
  const last = trail.append(operation);
  const waiting = trail.durable(last);
  expect(askedFor()).toBe(last);
  await waiting;
  await trail.close();
});
