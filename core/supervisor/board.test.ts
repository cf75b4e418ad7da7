import { expect, test } from "bun:test";
import type { Identity } from "../identity.ts";
import { createMetrics } from "../metrics.ts";
import type { HoldInfo } from "../supervision.ts";
import { Board, type HoldEvent } from "./board.ts";

const identity: Identity = { issuer: "test", subject: "alice", kind: "person", groups: [] };

function hold(id: string, session: string): HoldInfo {
  const asked = { text: "drop it", actions: [], inTransaction: false, by: "anyone", digest: "d" };
  const answers = { approvers: 2, approved: [] } as const;
  return { id, session, identity, resource: "orders", openedAt: 1, expires: 2, ...asked, ...answers };
}
function session(id: string) {
  return { id, identity, resource: "orders", protocol: "rows", remote: "x", openedAt: 1, policyVersion: "p" };
}

test("what a dead worker had is gone, what others have stays, and watchers are told once", () => {
  const board = new Board(createMetrics());
  const events: HoldEvent[] = [];
  const unwatch = board.watch((event) => events.push(event));
  for (const worker of [0, 1]) {
    board.sessionOpened(worker, session(`ses_${worker}`));
    board.holdOpened(worker, hold(`hold_${worker}`, `ses_${worker}`));
  }
  board.workerGone(0);
  board.holdEnded("hold_0", "abandoned");
  for (const id of ["hold_0", "hold_1"]) board.holdApproved(id, identity);
  expect(board.holds().map(({ approved }) => approved)).toEqual([[identity]]);
  expect(board.sessions().map(({ id }) => id)).toEqual(["ses_1"]);
  expect(board.workerOfHold("hold_1")).toBe(1);
  expect(() => board.workerOfHold("hold_0")).toThrow("Nothing waits under hold_0");
  expect(() => board.workerOfSession("ses_0")).toThrow("No session ses_0");
  unwatch();
  board.holdEnded("hold_1", "denied");
  expect(
    events.map((event) => {
      if (event.event === "opened") return `opened ${event.hold.id}`;
      return `${event.event === "ended" ? event.how : `a yes of ${event.by.subject} to`} ${event.id}`;
    }),
  ).toEqual(["opened hold_0", "opened hold_1", "abandoned hold_0", "a yes of alice to hold_1"]);
});
