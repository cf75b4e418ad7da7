import { expect, test } from "bun:test";
import type { Guardrail } from "../../../guardrail.ts";
import type { Limits } from "../../../policy.ts";
import type { HoldEnd } from "../../../trail/entry.ts";
import { group } from "../../../who.ts";
import { soon, until } from "../soon.ts";
import { type Door, lead } from "./door.ts";
import type { OpenDoor } from "./start.ts";
import type { ProtocolSubject } from "./subject.ts";

/** An operation that waits for a person does so on an open connection, and nothing of it runs meanwhile. */
export function holds(subject: ProtocolSubject, byRequests: boolean, open: OpenDoor): void {
  const { read, write } = subject;

  const signOff = (within = 60_000): Guardrail => ({
    name: "sign-off",
    needs: ["operation"],
    effects: [write.effect],
    open: () => ({
      prepare: () => "willHold",
      operation: () => ({ hold: { by: group("leads"), within, inTransaction: within } }),
    }),
  });

  async function held(within?: number, limits: Partial<Limits> = {}) {
    const door = await open({ under: [signOff(within)], limits });
    const client = await door.connect("alice:writers");
    const { hold, answer } = await door.held(() => client.ask(write.text));
    expect(door.reached(write)).toBe(0);
    return { door, client, hold, answer: soon(answer, "an answer after the hold") };
  }

  async function ended(door: Door, how: HoldEnd, times: number): Promise<void> {
    await until("the hold has ended", () => door.rig.trail.of("hold-ended").length > 0);
    expect(door.rig.trail.of("hold-ended").map((entry) => entry.how)).toEqual([how]);
    expect(door.reached(write)).toBe(times);
  }

  test("held and approved, it runs once and the caller gets its answer", async () => {
    const { door, client, hold, answer } = await held();
    await door.rig.gateway.settle(hold.id, { approve: true, by: lead, digest: hold.digest });
    await answer;
    await ended(door, "approved", 1);
    expect(await door.ask(client, read)).toContain(read.shows);
    client.close();
    await door.released();
  });

  test("held and denied, it never runs, and the connection stays usable", async () => {
    const { door, client, hold, answer } = await held();
    await door.rig.gateway.settle(hold.id, { approve: false, by: lead, because: "not today" });
    expect(await answer).toMatch(/hold\.denied|not today/);
    await ended(door, "denied", 0);
    expect(await door.ask(client, read)).toContain(read.shows);
    client.close();
    await door.released();
  });

  test("held until its time is over, it never runs", async () => {
    const { door, client, answer } = await held(60);
    await answer;
    await ended(door, "expired", 0);
    expect(await door.ask(client, read)).toContain(read.shows);
  });

  test("it dies with its caller, and a late approval does not count", async () => {
    const { door, client, hold, answer } = await held();
    client.close();
    await answer.catch(() => {});
    await ended(door, "abandoned", 0);
    const late = await door.rig.gateway.settle(hold.id, { approve: true, by: lead });
    expect(late.refused).toBeDefined();
    await door.released();
    expect(door.reached(write)).toBe(0);
  });

  // A request has no connection to its resource before it may pass.
  if (!byRequests) {
    test("it dies with its resource", async () => {
      const { door, answer } = await held();
      door.service.cut();
      await answer.catch(() => {});
      await door.released();
      expect(door.rig.trail.of("hold-ended")).toHaveLength(1);
      expect(door.reached(write)).toBe(0);
    });
  }

  test("it dies with its session, however long it may wait", async () => {
    const { door, client, answer } = await held();
    const { session } = door.rig.trail.of("open")[0] ?? { session: "none" };
    await door.rig.gateway.endSession(session, { code: "session.killed", message: "An operator ended it." });
    await answer.catch(() => {});
    await ended(door, "abandoned", 0);
    door.over(client);
    await door.released();
    expect(door.reached(write)).toBe(0);
  });

  test("it waits longer than a session may rest", async () => {
    const { door, client, hold, answer } = await held(undefined, { idle: 100, requestIdle: 100 });
    await Bun.sleep(500);
    await door.rig.gateway.settle(hold.id, { approve: true, by: lead, digest: hold.digest });
    await answer;
    await ended(door, "approved", 1);
    client.close();
    await door.released();
  });

  test("the caller withdraws it, where the protocol lets it", async () => {
    const { door, client, answer } = await held();
    if (client.cancel) {
      await client.cancel();
      await answer;
      await ended(door, "cancelled", 0);
      expect(await door.ask(client, read)).toContain(read.shows);
    }
    client.close();
    await answer.catch(() => {});
    await door.released();
    expect(door.reached(write)).toBe(0);
  });
}
