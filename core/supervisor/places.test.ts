import { expect, test } from "bun:test";
import { Places } from "./places.ts";

const limits = { sessions: 4, sessionsPerIdentity: 2 };

test("what all workers have open together counts, and nothing that has ended", () => {
  const places = new Places();
  expect(places.take(0, "a1", "alice", limits)).toBeUndefined();
  expect(places.take(1, "a2", "alice", limits)).toBeUndefined();
  expect(places.take(0, "a3", "alice", limits)).toBe("sessionsPerIdentity");
  places.giveBack("a3");
  places.giveBack("a1");
  places.giveBack("a1");
  expect(places.take(1, "a4", "alice", limits)).toBeUndefined();
  expect(places.take(1, "a5", "alice", limits)).toBe("sessionsPerIdentity");
  expect(places.take(0, "b1", "bob", limits)).toBeUndefined();
  expect(places.take(0, "b2", "bob", limits)).toBeUndefined();
  expect(places.take(1, "c1", "carol", limits)).toBe("sessions");
  places.workerGone(1);
  expect(places.take(0, "a6", "alice", limits)).toBeUndefined();
  expect(places.take(0, "a7", "alice", limits)).toBeUndefined();
  expect(places.take(0, "c1", "carol", limits)).toBe("sessions");
});
