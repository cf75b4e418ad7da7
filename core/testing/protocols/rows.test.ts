import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Guardrail, Watch } from "../../guardrail.ts";
import { anyone, gateway, group } from "../../index.ts";
import type { HoldInfo } from "../../supervision.ts";
import { namedIdentities, Rig } from "../rig.ts";
import { rows } from "./rows.ts";
import { ask, Frames, rowsBackend, sync } from "./rows-client.ts";

let rig: Rig;
afterEach(() => rig.stop());

let backend: ReturnType<typeof rowsBackend>;
beforeEach(() => {
  backend = rowsBackend();
});
afterEach(() => backend.stop());

async function connected(under: readonly Guardrail<"rows" | "text">[]) {
  rig = new Rig();
  await rig.follow(
    gateway({
      listen: { rows: { port: 0, insecure: true } },
      identity: [namedIdentities],
      resources: { base: rows(backend) },
      rules: [{ who: anyone, on: "base", may: ["read"], under: [...under] }],
    }),
  );
  const wire = await rig.dial();
  const frames = new Frames(wire);
  wire.write(Buffer.from("hello alice base\n"));
  expect((await frames.next()).text).toStartWith("welcome");
  return { wire, frames };
}

const guardrail = (watch: Watch): Guardrail<"rows" | "text"> => ({
  name: "test",
  needs: ["rows"],
  open: () => watch,
});

test("a denial in a pipeline: what stood behind it is skipped, and its text never leaves", async () => {
  const { wire, frames } = await connected([]);
  wire.write(Buffer.concat([ask("read a"), ask("delete b"), ask("read c"), sync, ask("read d"), sync]));
  expect(await frames.group()).toEqual(["C:id,email", "R:1,a@b.example", "D:", "F:policy.denied", "Z:"]);
  expect(await frames.group()).toEqual(["C:id,email", "R:1,a@b.example", "D:", "Z:"]);
  expect(backend.asked).toEqual(["read a", "fail", "read d"]);
  expect(rig.trail.of("outcome").map((entry) => entry.outcome.result)).toEqual(["ok", "cancelled", "ok"]);
});

test("the same whatever the chunks", async () => {
  const { wire, frames } = await connected([]);
  const all = Buffer.concat([ask("read a"), ask("delete b"), sync, ask("read d"), sync]);
  for (const byte of all) {
    wire.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await frames.group()).toEqual(["C:id,email", "R:1,a@b.example", "D:", "F:policy.denied", "Z:"]);
  expect(await frames.group()).toEqual(["C:id,email", "R:1,a@b.example", "D:", "Z:"]);
});

test("rows: one cell cut out, the rest untouched; withheld: shape stays, no value leaves", async () => {
  let mode: "mask" | "withhold" = "mask";
  const { wire, frames } = await connected([
    guardrail({
      answer: () => ({
        rows: () => (mode === "withhold" ? mode : { columns: [1], show: () => Buffer.from("****") }),
      }),
    }),
  ]);
  wire.write(Buffer.concat([ask("read a"), sync]));
  expect(await frames.group()).toEqual(["C:id,email", "R:1,****", "D:", "Z:"]);
  mode = "withhold";
  wire.write(Buffer.concat([ask("read a"), sync]));
  expect(await frames.group()).toEqual(["C:id,email", "R:,", "D:", "Z:"]);
});

test("answers nobody asked to see are masked as well", async () => {
  const { wire, frames } = await connected([
    guardrail({ unasked: () => ({ text: (_, text) => text.replace("secret", "******") }) }),
  ]);
  wire.write(Buffer.concat([ask("read news"), sync]));
  expect(await frames.group()).toEqual(["N:****** news", "C:id,email", "R:1,a@b.example", "D:", "Z:"]);
});

test("a hold in a pipeline stalls what follows it, not what came before", async () => {
  const { wire, frames } = await connected([
    guardrail({
      operation: (operation) =>
        operation.text === "read held"
          ? { hold: { by: group("leads"), within: 60_000, inTransaction: 1_000 } }
          : "allow",
    }),
  ]);
  const opened = rig.event("hold");
  wire.write(Buffer.concat([ask("read a"), sync, ask("read held"), ask("read b"), sync]));
  const hold = (await opened) as HoldInfo;
  const before: string[] = [];
  // The note may overtake the first group's answer or follow it.
  while (before.length < 5) before.push((await frames.next()).text);
  expect(before).toContain(`held ${hold.id}`);
  expect(backend.asked).toEqual(["read a"]);
  const by = { issuer: "test", subject: "lea", kind: "person", groups: ["leads"] } as const;
  await rig.gateway.settle(hold.id, { approve: true, by });
  expect(await frames.group()).toHaveLength(7);
  expect(backend.asked).toEqual(["read a", "read held", "read b"]);
});
