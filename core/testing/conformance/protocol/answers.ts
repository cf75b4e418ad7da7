import { expect, test } from "bun:test";
import { once } from "node:events";
import type { Answer, Guardrail, Kind } from "../../../guardrail.ts";
import { until } from "../soon.ts";
import { starred, stars } from "./stars.ts";
import type { OpenDoor } from "./start.ts";
import type { ProtocolSubject } from "./subject.ts";

/** What somebody asks to see passes through their hands; nothing else leaves in its place. */
export function answers(subject: ProtocolSubject, emits: readonly Kind[], open: OpenDoor): void {
  const { read, write, unasked, slow } = subject;

  const mask = (answer: () => Answer): Guardrail => ({
    name: "mask",
    needs: emits.filter((kind) => kind !== "wire" && kind !== "deadline"),
    open: () => ({ answer, unasked: answer }),
  });

  test("what nobody asks to see is shown as it is", async () => {
    const door = await open();
    const client = await door.connect("alice:readers");
    expect(await door.ask(client, read)).toContain(read.shows);
    expect(door.caller.received).toContain(read.shows);
  });

  test("what a guardrail replaces is nowhere in the bytes to the caller", async () => {
    const door = await open({ under: [mask(() => stars(read.shows))] });
    const client = await door.connect("alice:readers");
    for (let times = 0; times < 3; times++) await door.ask(client, read);
    expect(door.service.received).toContain(read.shows);
    expect(door.caller.received).not.toContain(read.shows);
    expect(door.caller.received).toContain(starred(read.shows));
    client.close();
    await door.released();
  });

  test("a guardrail that fails at an answer withholds it, and ends the session", async () => {
    const door = await open({ under: [mask(failing)] });
    const client = await door.connect("alice:readers");
    await door.ask(client, read).catch(() => {});
    door.over(client);
    await door.released();
    expect(door.service.received).toContain(read.shows);
    expect(door.caller.received).not.toContain(read.shows);
    expect(door.caller.received).not.toContain("hunter2");
    expect(door.rig.trail.of("close")[0]?.reason.code).toBe("guardrail.failed");
  });

  test("with a strict trail, no byte of an answer leaves before its entry is durable", async () => {
    const door = await open({ strict: true });
    const client = await door.connect("alice:readers");
    const flushed = Promise.withResolvers<void>();
    door.rig.trail.stall = flushed.promise;
    door.caller.forget();
    const answer = door.ask(client, read);
    await until("the resource has answered", () => door.service.received.includes(read.shows));
    await new Promise(setImmediate);
    expect(door.caller.received).not.toContain(read.shows);
    flushed.resolve();
    expect(await answer).toContain(read.shows);
  });

  test("more than a read waits until its entry is durable", async () => {
    const door = await open();
    const client = await door.connect("alice:writers");
    const flushed = Promise.withResolvers<void>();
    door.rig.trail.stall = flushed.promise;
    const written = once(door.rig.trail.appended, "operation");
    const answer = door.ask(client, write);
    await written;
    await new Promise(setImmediate);
    expect(door.reached(write)).toBe(0);
    flushed.resolve();
    await answer;
    expect(door.reached(write)).toBe(1);
  });

  test("every operation has its outcome, and the answer's end is told once", async () => {
    let ends = 0;
    const count: Guardrail = {
      name: "count",
      needs: ["operation"],
      open: () => ({ answer: () => ({ end: () => void ends++ }) }),
    };
    const door = await open({ under: [count] });
    const client = await door.connect("alice:writers");
    for (const sample of [read, write, read]) await door.ask(client, sample);
    client.close();
    await door.released();
    const { trail } = door.rig;
    const operations = trail.of("operation").map(({ seq }) => seq);
    expect(
      trail
        .of("outcome")
        .map(({ op }) => op)
        .toSorted(),
    ).toEqual(operations.toSorted());
    expect(trail.of("outcome").map(({ outcome }) => outcome.result)).toEqual(operations.map(() => "ok"));
    expect(ends).toBe(operations.length);
  });

  if (emits.includes("wire")) {
    test("who keeps what the caller saw gets those bytes and no others", async () => {
      const kept: Buffer[] = [];
      const keep: Guardrail = {
        name: "keep",
        needs: ["wire"],
        open: () => ({ wire: (bytes) => void kept.push(Buffer.from(bytes)) }),
      };
      const door = await open({ under: [mask(() => stars(read.shows)), keep] });
      const client = await door.connect("alice:readers");
      await door.ask(client, read);
      await door.ask(client, write);
      const all = Buffer.concat(kept);
      const saw = subject.saw?.(all) ?? [all.toString("latin1")];
      expect(saw.join("")).toContain(starred(read.shows));
      if (!subject.saw) expect(door.caller.received.endsWith(saw.join(""))).toBe(true);
      for (const piece of saw) expect(door.caller.received).toContain(piece);
    });
  }

  if (unasked) {
    test("what arrives unasked passes the guardrails too", async () => {
      const door = await open({ under: [mask(() => stars(unasked.shows))] });
      const client = await door.connect("alice:readers");
      await door.ask(client, unasked.before === undefined ? read : { text: unasked.before });
      await unasked.provoke();
      await until("it arrives", () => door.caller.received.includes(starred(unasked.shows)));
      expect(door.service.received).toContain(unasked.shows);
      expect(door.caller.received).not.toContain(unasked.shows);
    });
  }

  if (emits.includes("deadline") && slow) {
    test("an operation past its deadline is cancelled at the resource, and the caller learns why", async () => {
      const reason = { code: "limit.time", message: "It took too long, says the conformance." };
      const hurry: Guardrail = {
        name: "hurry",
        needs: ["deadline"],
        open: () => ({
          answer: ({ text }) => (text === slow.text ? { deadline: { after: 50, reason } } : undefined),
        }),
      };
      const door = await open({ under: [hurry] });
      const client = await door.connect("alice:writers");
      const shown = await door.ask(client, slow);
      expect(shown.includes(reason.code) || shown.includes(reason.message)).toBe(true);
      expect(await door.ask(client, read)).toContain(read.shows);
    });
  }
}

function failing(): Answer {
  const fail = () => {
    throw new Error("a value that nobody may read: hunter2");
  };
  return { rows: fail, document: fail, text: fail, stream: fail };
}
