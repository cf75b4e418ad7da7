import { expect, test } from "bun:test";
import { soon, until } from "../soon.ts";
import type { OpenDoor } from "./start.ts";
import type { ProtocolSubject } from "./subject.ts";

const reason = { code: "session.killed", message: "An operator ended the session." };

/** Whoever leaves first, both sides are released, and the trail says how it ended. */
export function ends(subject: ProtocolSubject, byRequests: boolean, open: OpenDoor): void {
  const { read, write } = subject;

  test("a session that is ended is told so and gone within a second", async () => {
    const door = await open();
    const client = await door.connect("alice:readers");
    await door.ask(client, read);
    const { session } = door.rig.trail.of("open")[0] ?? { session: "none" };
    expect(await door.rig.gateway.endSession(session, reason)).toBe(true);
    if (door.byRequests) await until("nothing of it is open", () => door.service.open === 0, 1_000);
    door.over(client);
    await soon(door.released(), "both sides are released", 1_500);
    expect(door.rig.trail.of("close")[0]?.reason).toEqual(reason);
  });

  if (byRequests) {
    test("after the end of its session, a caller's next request is of another one", async () => {
      const door = await open();
      const client = await door.connect("alice:readers");
      const { session } = door.rig.trail.of("open")[0] ?? { session: "none" };
      await door.rig.gateway.endSession(session, reason);
      expect(await door.ask(client, read)).toContain(read.shows);
      expect(door.rig.trail.of("open").length).toBe(2);
      expect(new Set(door.rig.trail.of("operation").map((each) => each.session)).size).toBe(2);
    });

    test("whose access has ended is not let in again on the same connection", async () => {
      const door = await open();
      const client = await door.connect("alice:readers");
      await door.rig.gateway.endAccess({
        ...{ id: "end_test", at: Date.now(), by: "test", reason, blocks: true },
        of: { kind: "identity", subject: "alice" },
      });
      expect(await door.ask(client, read)).not.toContain(read.shows);
      door.over(client);
      await door.released();
    });

    test("what many callers of one identity send at once is of one session", async () => {
      const door = await open({ limits: { requestIdle: 60_000 } });
      const clients = await Promise.all(Array.from({ length: 20 }, () => door.connect("alice:readers")));
      await Promise.all(clients.map((client) => door.ask(client, read)));
      expect(door.rig.trail.of("open").length).toBe(1);
    });
  }

  test("a session whose caller is gone is over, in the middle of an operation too", async () => {
    const door = await open();
    for (const asking of [false, true]) {
      const client = await door.connect("alice:readers");
      await door.ask(client, read);
      if (asking) client.ask(read.text).catch(() => {});
      client.close();
      await door.released();
    }
    const { trail } = door.rig;
    expect(trail.of("outcome").length).toBe(trail.of("operation").length);
  });

  test("a session whose resource is gone is over, in the middle of an operation too", async () => {
    const door = await open();
    for (const asking of [false, true]) {
      const client = await door.connect("alice:readers");
      await door.ask(client, read);
      const answer = asking ? client.ask(read.text).catch(() => {}) : undefined;
      door.service.cut();
      if (answer) await soon(answer, "the client notices");
      door.over(client);
      await door.released();
    }
    const { trail } = door.rig;
    expect(trail.of("outcome").length).toBe(trail.of("operation").length);
  });

  test("a resource that cannot be reached is a refusal, not a silence", async () => {
    const door = await open();
    door.service.close();
    expect((await door.refusal("alice:readers")).length).toBeGreaterThan(0);
    await door.released();
  });

  test("a policy that no longer lets the caller in ends the session", async () => {
    const door = await open();
    const client = await door.connect("alice:readers");
    await door.ask(client, read);
    await door.rig.follow({ ...door.policy({}, "2"), rules: [] });
    door.over(client);
    await soon(door.released(), "both sides are released", 1_500);
    expect(door.rig.trail.of("close")[0]?.reason.code).toBe("policy.withdrawn");
  });

  test("split at every byte, both ways, everything is as it was", async () => {
    const whole = await open();
    const straight = await whole.connect("alice:readers");
    const shown = [];
    for (const sample of [read, write, read]) shown.push(await whole.ask(straight, sample));
    const door = await open({ chopped: true });
    const client = await door.connect("alice:readers");
    for (const [at, sample] of [read, write, read].entries()) {
      expect(withoutIds(await door.ask(client, sample))).toBe(withoutIds(shown[at] ?? ""));
    }
    expect(door.reached(write)).toBe(0);
    expect(door.rig.trail.of("operation").length).toBe(whole.rig.trail.of("operation").length);
  });
}

/** A refusal may name its session. */
function withoutIds(shown: string): string {
  return shown.replaceAll(/\b[a-z]+_[0-9a-z]{19}\b/g, "id");
}
