import { expect, test } from "bun:test";
import { connect } from "node:net";
import { isSource } from "../../../credential/source.ts";
import { kinds } from "../../../guardrail.ts";
import { until } from "../soon.ts";
import { Tap } from "../tap.ts";
import type { Door, DoorOptions } from "./door.ts";
import type { ProtocolSubject, Service } from "./subject.ts";

export type OpenDoor = (options?: DoorOptions) => Promise<Door>;

/** Accept, identify, decide, open, dial: in this order, and nothing of it twice. */
export function starts(subject: ProtocolSubject, service: () => Service, open: OpenDoor): void {
  test("the factory only describes: nothing is reached, no secret is read", async () => {
    const tap = await Tap.to(() => service());
    const { protocol, credential } = subject.resource(tap.address);
    expect(subject.resource(tap.address)).not.toBe(subject.resource(tap.address));
    expect(protocol.name).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(protocol.emits).toContain("operation");
    expect(kinds).toEqual(expect.arrayContaining([...protocol.emits]));
    expect(new Set(protocol.emits).size).toBe(protocol.emits.length);
    if (credential && !isSource(credential)) {
      expect(credential.label).not.toContain(await credential.read());
    }
    expect(tap.connections).toBe(0);
    tap.close();
  });

  test("a caller whose credential is bad is told so, and the resource is not dialed", async () => {
    const door = await open();
    const told = await door.refusal("bad:readers");
    const [refused] = door.rig.trail.of("login-refused");
    expect(told).toMatch(new RegExp(`identity\\.refused|${refused?.id ?? "no entry"}`));
    expect([door.rig.trail.of("open").length, door.service.connections]).toEqual([0, 0]);
    await door.released();
  });

  test("a caller without a rule, and one who names no resource of the policy, are told so", async () => {
    const door = await open();
    const stranger = await door.refusal("eve:nobody");
    expect(stranger).toMatch(/policy\.no-rule|No rule lets eve/);
    expect(await door.refusal("alice:readers", "other")).toMatch(/policy\.no-rule|No rule lets alice/);
    expect(await door.refusal("alice:readers", "nothere")).not.toBe(stranger);
    expect(door.rig.trail.of("connect-denied").length).toBe(3);
    expect([door.rig.trail.of("open").length, door.service.connections]).toEqual([0, 0]);
    await door.released();
  });

  test("the resource is dialed once the session is in the trail, and not before", async () => {
    const door = await open();
    const before: string[][] = [];
    door.service.connected = () => before.push(door.rig.trail.entries.map(({ kind }) => kind));
    const client = await door.connect("alice:readers");
    // A request has been decided on as well, before anything is reached for it.
    expect(before[0]).toEqual(door.byRequests ? ["open", "operation"] : ["open"]);
    client.close();
    await door.released();
  });

  test("a caller that says nothing is dropped, and the resource is not dialed", async () => {
    const door = await open({ limits: { authenticate: 50 } });
    const silent = connect(door.caller.address);
    silent.on("error", () => {});
    await until(
      "the silent connection is dropped",
      () => door.caller.connections > 0 && door.caller.open === 0,
    );
    expect(door.service.connections).toBe(0);
    silent.destroy();
  });

  test("a caller that leaves at any byte of its start-up leaves nothing behind", async () => {
    const door = await open();
    const client = await door.connect("alice:readers");
    client.close();
    await door.released();
    const login = Buffer.concat(door.caller.forth);
    const step = Math.max(1, Math.ceil(login.length / 40));
    for (let length = 0; length < login.length; length += step) {
      const socket = connect(door.caller.address);
      socket.on("error", () => {});
      await new Promise<void>((resolve) => socket.write(login.subarray(0, length), () => resolve()));
      socket.destroy();
    }
    await door.released();
    expect(await door.ask(await door.connect("alice:readers"), subject.read)).toContain(subject.read.shows);
  });

  test("no byte to the caller and no entry holds the resource credential", async () => {
    const door = await open();
    const { credential } = door.resource;
    const secret = credential && !isSource(credential) ? await credential.read() : undefined;
    const client = await door.connect("alice:writers");
    for (const sample of [subject.read, subject.write]) await door.ask(client, sample);
    client.close();
    await door.released();
    const outside = door.caller.received + JSON.stringify(door.rig.trail.entries);
    // Where there is none, an answer has still passed.
    expect(door.caller.received.length).toBeGreaterThan(0);
    if (secret !== undefined) expect(outside).not.toContain(secret);
  });
}
