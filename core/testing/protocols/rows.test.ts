import { afterEach, expect, test } from "bun:test";
import type { Guardrail, Watch } from "../../guardrail.ts";
import { anyone, gateway, group } from "../../index.ts";
import { listenWires } from "../../socket.ts";
import type { HoldInfo } from "../../supervision.ts";
import type { Wire } from "../../wire.ts";
import { namedIdentities, Rig } from "../rig.ts";
import { rows } from "./rows.ts";
import { type FrameType, frame, rowCells, types } from "./rows-frames.ts";

let rig: Rig;
afterEach(() => rig.stop());

/** Frames as they arrive, whatever the chunks. */
class Frames {
  #rest = Buffer.alloc(0);
  #whole: { type: number; text: string; cells: string[] }[] = [];
  #waiting: (() => void) | undefined;
  constructor(wire: Wire) {
    wire.stream({
      data: (view) => {
        this.#rest = Buffer.concat([this.#rest, view]);
        this.#take();
        this.#waiting?.();
      },
      drain() {},
      close: () => this.#waiting?.(),
    });
  }
  #take(): void {
    while (this.#rest.length >= 5 && this.#rest.length >= this.#rest.readUInt32BE(1)) {
      const length = this.#rest.readUInt32BE(1);
      const type = this.#rest[0] as number;
      const celled = type === types.ROW || type === types.COLUMNS;
      this.#whole.push({
        type,
        text: this.#rest.toString("utf8", 5, length),
        cells: celled ? rowCells(this.#rest, 0, length).map(String) : [],
      });
      this.#rest = this.#rest.subarray(length);
    }
  }
  async next() {
    while (this.#whole.length === 0) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    return this.#whole.shift()!;
  }
  /** All up to and with the next READY, as `R:a,b` and the like. */
  async group(): Promise<string[]> {
    const got: string[] = [];
    for (;;) {
      const one = await this.next();
      got.push(`${String.fromCharCode(one.type)}:${one.cells.length > 0 ? one.cells.join() : one.text}`);
      if (one.type === types.READY) return got;
    }
  }
}

const asked: string[] = [];
/** Answers two rows to each ASK, fails on `fail`, and then skips to SYNC, like a database. */
function database(): number {
  asked.length = 0;
  const listener = listenWires({ host: "127.0.0.1", port: 0 }, async (wire) => {
    const frames = new Frames(wire);
    let skipping = false;
    for (;;) {
      const { type, text } = await frames.next();
      if (type === types.SYNC) {
        skipping = false;
        wire.write(frame(types.READY, ""));
      } else if (!skipping) {
        asked.push(text);
        if (text === "fail") {
          skipping = true;
          wire.write(frame(types.FAILED, "no such thing"));
        } else {
          if (text.includes("news")) wire.write(frame(types.NOTE, "secret news"));
          const answer = [
            frame(types.COLUMNS, "id", "email"),
            frame(types.ROW, "1", "a@b.example"),
            frame(types.DONE, ""),
          ];
          for (const part of answer) wire.write(part);
        }
      }
    }
  });
  stopper = listener;
  return listener.port;
}
let stopper: { stop(): void };
afterEach(() => stopper.stop());

async function connected(under: readonly Guardrail<"rows" | "text">[]) {
  rig = new Rig();
  await rig.follow(
    gateway({
      listen: { rows: { port: 0, insecure: true } },
      identity: [namedIdentities],
      resources: { base: rows({ port: database() }) },
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
const ask = (text: string) => frame(types.ASK as FrameType, text);
const sync = frame(types.SYNC, "");

test("a denial in a pipeline: what stood behind it is skipped, and its text never leaves", async () => {
  const { wire, frames } = await connected([]);
  wire.write(Buffer.concat([ask("read a"), ask("delete b"), ask("read c"), sync, ask("read d"), sync]));
  expect(await frames.group()).toEqual(["C:id,email", "R:1,a@b.example", "D:", "F:policy.denied", "Z:"]);
  expect(await frames.group()).toEqual(["C:id,email", "R:1,a@b.example", "D:", "Z:"]);
  expect(asked).toEqual(["read a", "fail", "read d"]);
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
        rows: () => (mode === "withhold" ? mode : { columns: [1], cell: () => Buffer.from("****") }),
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
  expect(asked).toEqual(["read a"]);
  const by = { issuer: "test", subject: "lea", kind: "person", groups: ["leads"] } as const;
  await rig.gateway.settle(hold.id, { approve: true, by });
  expect(await frames.group()).toHaveLength(7);
  expect(asked).toEqual(["read a", "read held", "read b"]);
});
