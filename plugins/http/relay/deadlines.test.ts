import { expect, test } from "bun:test";
import { Deadlines, type Late } from "./deadlines.ts";

test("those who wait are late in the order in which they began; who ended, or began anew, is not yet", async () => {
  const deadlines = new Deadlines(30);
  const late: string[] = [];
  const last = Promise.withResolvers<void>();
  const waiter = (name: string): Late => ({ late: () => void late.push(name) });
  const [one, two, three] = [waiter("one"), waiter("two"), waiter("three")];
  const end: Late = { late: () => last.resolve() };
  for (const each of [one, two, three]) deadlines.begin(each);
  deadlines.end(two);
  deadlines.begin(one);
  deadlines.begin(end);
  // The timers of an event loop that has nothing else to do may be left out.
  const alive = setInterval(() => {}, 1000);
  await last.promise;
  clearInterval(alive);
  expect(late).toEqual(["three", "one"]);
  deadlines.close();
});

test("who begins when another one is late has all of the time", async () => {
  const deadlines = new Deadlines(10);
  const again = Promise.withResolvers<number>();
  const began = performance.now();
  const second: Late = { late: () => again.resolve(performance.now() - began) };
  deadlines.begin({ late: () => deadlines.begin(second) });
  const alive = setInterval(() => {}, 1000);
  expect(await again.promise).toBeGreaterThan(17);
  clearInterval(alive);
});
