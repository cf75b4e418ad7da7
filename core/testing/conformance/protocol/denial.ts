import { expect, test } from "bun:test";
import type { Guardrail, Watch } from "../../../guardrail.ts";
import { soon } from "../soon.ts";
import type { Door } from "./door.ts";
import type { OpenDoor } from "./start.ts";
import type { ProtocolClient, ProtocolSubject, Sample } from "./subject.ts";

/** What is refused never reaches the resource, and the caller learns why in the protocol's own form. */
export function denials(subject: ProtocolSubject, open: OpenDoor): void {
  const { read, write, nonsense } = subject;

  async function refused(door: Door, client: ProtocolClient, sample: Sample, code: string): Promise<void> {
    const before = door.reached(sample);
    const shown = await door.ask(client, sample);
    const reason = door.lastDenial;
    expect(reason?.code).toBe(code);
    expect(shown.includes(reason?.code ?? "") || shown.includes(reason?.message ?? "")).toBe(true);
    expect(door.reached(sample)).toBe(before);
  }

  async function usable(door: Door, client: ProtocolClient): Promise<void> {
    expect(await door.ask(client, read)).toContain(read.shows);
    client.close();
    await door.released();
  }

  test("what no rule allows is refused in the protocol's own form, and the connection stays usable", async () => {
    const door = await open();
    const client = await door.connect("alice:readers");
    expect(await door.ask(client, read)).toContain(read.shows);
    expect(door.reached(read)).toBeGreaterThan(0);
    await refused(door, client, write, "policy.denied");
    await refused(door, client, write, "policy.denied");
    await usable(door, client);
  });

  test("what the rules allow goes through", async () => {
    const door = await open();
    const client = await door.connect("alice:writers");
    await door.ask(client, write);
    expect(door.reached(write)).toBe(1);
    expect(door.rig.trail.of("operation").at(-1)?.actions).toContainEqual(
      expect.objectContaining({ effect: write.effect }),
    );
    await usable(door, client);
  });

  if (nonsense !== undefined) {
    test("what cannot be understood is unknown, and refused", async () => {
      const door = await open();
      const client = await door.connect("alice:writers");
      await refused(door, client, { text: nonsense, effect: "unknown" }, "policy.denied");
      const [entry] = door.rig.trail.of("denied");
      expect(entry?.actions.map(({ effect }) => effect)).toContain("unknown");
      await usable(door, client);
    });
  }

  const failing: readonly [string, Watch, string][] = [
    ["throws at the text", { prepare: thrower }, "guardrail.failed"],
    ["throws at the operation", { operation: thrower }, "guardrail.failed"],
    ["rejects", { operation: async () => thrower() }, "guardrail.failed"],
    ["throws when it is asked about the answer", { answer: thrower }, "guardrail.failed"],
    ["never answers", { operation: () => new Promise(() => {}) }, "guardrail.timeout"],
  ];
  for (const [how, watch, code] of failing) {
    test(`a guardrail that ${how} refuses the operation`, async () => {
      const broken = guardrail(watch, write);
      const door = await open({ under: [broken], limits: { guardrail: 50 } });
      const client = await door.connect("alice:writers");
      await refused(door, client, write, code);
      expect(door.caller.received).not.toContain("hunter2");
      await usable(door, client);
    });
  }

  test("a trail that takes nothing refuses the operation", async () => {
    const door = await open();
    const client = await door.connect("alice:writers");
    door.rig.trail.full = true;
    expect(await door.ask(client, write)).toMatch(/trail\.full|no room/);
    expect(door.reached(write)).toBe(0);
    door.rig.trail.full = false;
    await usable(door, client);
  });

  test("where texts may be sent ahead, one that is refused among them never reaches the resource", async () => {
    const door = await open();
    const client = await door.connect("alice:readers");
    if (client.pipeline) {
      const texts = [read.text, write.text, read.text];
      const shown = await soon(client.pipeline(texts), "answers to what was sent ahead");
      const { code, message } = door.lastDenial ?? { code: "no denial", message: "no denial" };
      expect(shown.includes(code) || shown.includes(message)).toBe(true);
      expect(shown).toContain(read.shows);
    } else await door.ask(client, write);
    expect(door.reached(write)).toBe(0);
    await usable(door, client);
  });

  test("a policy that is loaded in between decides the next operation", async () => {
    const door = await open();
    const client = await door.connect("alice:readers");
    expect(await door.ask(client, read)).toContain(read.shows);
    await door.rig.follow(door.policy({ readers: [write.effect] }, "2"));
    await refused(door, client, read, "policy.denied");
    await door.rig.follow(door.policy({}, "3"));
    await usable(door, client);
  });
}

function guardrail(watch: Watch, { effect }: Sample): Guardrail {
  return { name: "broken", needs: ["operation"], effects: [effect], open: () => watch };
}

function thrower(): never {
  throw new Error("a value that nobody may read: hunter2");
}
