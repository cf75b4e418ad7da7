import { describe, expect, test } from "bun:test";
import { type Guardrail, kinds } from "../../../guardrail.ts";
import { effects } from "../../../operation.ts";
import {
  cells,
  columns,
  deepFrozen,
  documents,
  type OperationSample,
  operationOf,
  samples,
  streamed,
  words,
} from "./samples.ts";
import { watched } from "./session.ts";
import { flawOf, said } from "./transcript.ts";

const surroundings = ["4111", "a@b.example", "+41", "\0\0\0\x10"].map((text) => Buffer.from(text));

function copyOf(shown: Uint8Array | null | undefined): Buffer | null | undefined {
  return shown && Buffer.from(shown);
}

export interface GuardrailSubject {
  /** The guardrail as a policy would write it; called again and again. */
  make(): Guardrail;
  /** What it should be shown beside the operations that everybody is. */
  readonly operations?: readonly OperationSample[];
}

const decoded = ["rows", "document", "text", "stream"] as const;

/**
 * What the contract asks of a guardrail, as tests of the file that calls it. What it is for is not known here:
 * write tests of your own for that.
 *
 * @example
 * guardrailConformance({ make: () => officeHours({ from: 8, to: 18 }) });
 */
export function guardrailConformance({ make, operations = [] }: GuardrailSubject): void {
  const all = [...samples, ...operations];
  const { name, needs } = make();

  describe(`the contract of a guardrail: ${name}`, () => {
    test("the factory only describes", () => {
      const { effects: only, redact } = make();
      expect(make()).not.toBe(make());
      expect(name).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(needs.length).toBeGreaterThan(0);
      expect(kinds).toEqual(expect.arrayContaining([...needs]));
      if (only) expect(effects).toEqual(expect.arrayContaining([...only]));
      for (const { text } of all) if (redact) expect(redact(redact(text))).toBe(redact(text));
    });

    test("it throws at nothing that a session can show it", async () => {
      const one = watched(make());
      for (const sample of all) await said(one, sample);
      one.watch.close?.();
    });

    test("each session starts afresh, whatever another one does beside it", async () => {
      const guardrail = make();
      const alone = watched(guardrail);
      const expected = [];
      for (const sample of all) expected.push(await said(alone, sample));
      const [one, other] = [watched(guardrail), watched(guardrail)];
      for (const [at, sample] of all.entries()) {
        expect(await said(one, sample)).toEqual(expected[at] ?? []);
        expect(await said(other, sample)).toEqual(expected[at] ?? []);
      }
    });

    test("what it says from the text alone, it says every time, and it holds nothing without notice", async () => {
      const { watch } = watched(make());
      for (const sample of all) {
        const operation = operationOf(sample);
        const prepared = watch.prepare?.(operation);
        expect(watch.prepare?.(operation)).toEqual(prepared);
        const verdict = await watch.operation?.(operation);
        expect([flawOf(prepared), flawOf(verdict)]).toEqual([undefined, undefined]);
        if (typeof verdict === "object" && "hold" in verdict) expect(prepared).toBe("willHold");
      }
    });

    test("it needs what it looks at", () => {
      const { watch } = watched(make());
      if (watch.wire) expect(needs).toContain("wire");
      for (const sample of all) {
        const answer = watch.answer?.(operationOf(sample));
        if (answer?.deadline) expect(needs).toContain("deadline");
        const looks = decoded.filter((kind) => answer?.[kind]);
        if (looks.length > 0) expect(looks.some((kind) => needs.includes(kind))).toBe(true);
      }
    });

    test("cells: in place, of columns there are, and NULL where a text would be no value", () => {
      const { watch } = watched(make());
      const filter = watch.answer?.(operationOf(samples[0] as OperationSample))?.rows?.(deepFrozen(columns));
      if (typeof filter !== "object") return;
      for (const at of filter.columns) {
        const column = columns[at];
        expect(column).toBeDefined();
        for (const cell of cells) {
          const alone = copyOf(filter.show(at, Buffer.from(cell), 0, cell.length));
          // What stands around it belongs to other cells: it stays, and changes nothing.
          for (const around of surroundings) {
            const view = Buffer.concat([around, cell, around]);
            const before = Buffer.from(view);
            const shown = filter.show(at, view, around.length, around.length + cell.length);
            expect(copyOf(shown)).toEqual(alone);
            expect(view).toEqual(before);
          }
          const changed = alone !== undefined && alone !== null && !alone.equals(cell);
          if (changed) expect(column?.holdsText).toBe(true);
        }
      }
    });

    test("documents and texts: what comes in stays as it was, what comes out can be sent", () => {
      const { watch } = watched(make());
      const answer = watch.answer?.(operationOf(samples[0] as OperationSample));
      for (const document of documents) {
        const shown = answer?.document?.("application/json", deepFrozen(structuredClone(document)));
        if (answer?.document) expect(JSON.stringify(shown)).toBeString();
      }
      for (const kind of ["error", "notice", "notification", "log"] as const) {
        if (answer?.text) expect(answer.text(kind, words, "22P02")).toBeString();
      }
    });

    test("streams: wherever one is cut, what is shown is the same", () => {
      const open = () => watched(make()).watch.answer?.(operationOf(samples[0] as OperationSample));
      const whole = open();
      if (!whole?.stream) return;
      const bytes = Buffer.from(words);
      const expected = streamed(whole, [bytes]);
      const single = [...bytes].map((byte) => Buffer.from([byte]));
      expect(streamed(open() ?? {}, single)).toBe(expected);
      for (let at = 1; at < bytes.length; at++) {
        expect(streamed(open() ?? {}, [bytes.subarray(0, at), bytes.subarray(at)])).toBe(expected);
      }
      const sent = { direction: "toResource", channel: "stdin", bytes } as const;
      expect(whole.stream(sent)).toMatchObject({ direction: "toResource", channel: "stdin" });
    });
  });
}
