import { expect, test } from "bun:test";
import { Random } from "../../../test/fuzz.ts";
import { Refused } from "./named.ts";
import { flag, kind, Owed } from "./owed.ts";

test("is a queue, at any size and wherever its first entry stands", () => {
  const random = new Random(3);
  const owed = new Owed();
  const model: { what: number; flags: number; subject: Refused }[] = [];
  for (let step = 0; step < 20_000; step++) {
    const growing = step % 2000 < 1100;
    if (random.chance(growing ? 60 : 40)) {
      const entry = {
        what: 1 + random.upTo(9),
        flags: random.upTo(16),
        subject: new Refused({ code: "x.y", message: "" }),
      };
      owed.push(entry.what, entry.flags, entry.subject);
      model.push(entry);
    } else if (model.length > 0) {
      owed.pop();
      model.shift();
    }
    const [head, next] = model;
    expect(owed.length).toBe(model.length);
    expect(owed.kind).toBe(head?.what ?? kind.none);
    expect(owed.nextKind).toBe(next?.what ?? kind.none);
    expect(owed.running).toBe(model.filter(({ what }) => ran.includes(what)).length);
    if (!head) continue;
    expect(owed.subject).toBe(head.subject);
    expect(owed.flags).toBe(head.flags);
    owed.mark(flag.ready);
    head.flags |= flag.ready;
  }
});

const ran: readonly number[] = [kind.execute, kind.query, kind.functionCall];
