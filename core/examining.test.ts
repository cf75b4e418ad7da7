import { afterEach, describe, expect, test } from "bun:test";
import { examine } from "./examining.ts";
import type { Examination, Finding } from "./finding.ts";
import { group } from "./index.ts";
import type { HoldInfo } from "./supervision.ts";
import { Rig } from "./testing/rig.ts";
import { answer, greeted, guardrail, policyOf, received, shouting } from "./testing/shelf.ts";

const never = new AbortController().signal;
const finding: Finding = { label: "rows", value: "about 3" };

describe("an examination", () => {
  test("what is told in time is kept, and what is late says so and is not taken any more", async () => {
    let late: ((finding: Finding) => void) | undefined;
    let stopped: AbortSignal | undefined;
    const slow: Examination = {
      examine: (tell, signal) => {
        tell(finding);
        [late, stopped] = [tell, signal];
        return new Promise(() => {});
      },
      meaning: () => new Promise(() => {}),
    };
    const { findings, meaning } = await examine(slow, never, () => {}, 5);
    late?.({ label: "rows", value: "about 4" });
    expect(findings).toEqual([
      finding,
      {
        label: "examination",
        value: expect.stringContaining("not all was known within"),
        severity: "warning",
      },
    ]);
    expect([meaning, stopped?.aborted]).toEqual([undefined, true]);
  });

  test("a failure is the operator's to read, and the approver learns that something is missing", async () => {
    const failures: unknown[] = [];
    const secret = new Error("password authentication failed for s3cret");
    for (const broken of [
      { examine: () => Promise.reject(secret) },
      {
        examine: () => {
          throw secret;
        },
      },
    ]) {
      const { findings } = await examine(broken, never, (error) => void failures.push(error));
      expect(findings).toMatchObject([{ label: "examination", severity: "warning" }]);
      expect(JSON.stringify(findings)).not.toContain("s3cret");
    }
    expect(failures).toEqual([secret, secret]);
  });

  test("a session that is over waits for nothing", async () => {
    const hanging: Examination = { examine: () => new Promise(() => {}) };
    const { findings } = await examine(hanging, AbortSignal.abort(), () => {}, 60_000);
    expect(findings).toHaveLength(1);
  });

  test("count and length have limits", async () => {
    const many: Examination = {
      async examine(tell) {
        for (let n = 0; n < 1000; n++) tell({ label: "l".repeat(1000), value: "v".repeat(10_000) });
      },
    };
    const { findings } = await examine(many, never, () => {});
    expect(JSON.stringify(findings).length).toBeLessThan(50_000);
    expect(findings.at(-1)?.value).toStartWith("940 more things");
  });

  test("a warning is shown however much there is that is none", async () => {
    const warning: Finding = { label: "trigger", value: "fires", severity: "warning" };
    const padded: Examination = {
      async examine(tell) {
        for (let n = 0; n < 200; n++) tell(finding);
        tell(warning);
        tell(finding);
      },
    };
    const { findings } = await examine(padded, never, () => {});
    expect(findings).toContainEqual(warning);
    expect(findings.at(-1)?.value).toStartWith("142 more things");
  });
});

describe("a hold", () => {
  let rig: Rig;
  afterEach(() => rig.stop());
  const signOff = guardrail("sign-off", {
    prepare: () => "willHold",
    operation: () => ({ hold: { by: group("leads"), within: 60_000, inTransaction: 1_000 } }),
  });
  const lead = { issuer: "test", subject: "lea", kind: "person", groups: ["leads"] } as const;

  async function held(meanings: (() => Promise<string>)[]) {
    const examination: Examination = {
      examine: async (tell) => tell(finding),
      meaning: () => meanings.shift()?.() ?? Promise.reject(new Error("gone")),
    };
    rig = new Rig();
    await rig.follow(policyOf(shouting(rig), [signOff], examination));
    const client = await greeted(rig);
    const opened = rig.event("hold");
    client.say("read shelf");
    const hold = (await opened) as HoldInfo;
    await client.lines.next();
    return { client, hold };
  }
  const says = (meaning: string) => () => Promise.resolve(meaning);

  test("shows what was found, in the trail too, and goes on where it means the same", async () => {
    const { client, hold } = await held([says("a"), says("a")]);
    expect(hold.findings).toEqual([finding]);
    expect(rig.trail.of("hold")[0]?.findings).toEqual([finding]);
    await rig.gateway.settle(hold.id, { approve: true, by: lead, digest: hold.digest });
    expect(await answer(client)).toEqual(["READ SHELF"]);
  });

  test("binds to what it means: another meaning is another digest", async () => {
    const first = (await held([says("a")])).hold;
    await rig.stop();
    const second = (await held([says("b")])).hold;
    expect(first.digest).not.toBe(second.digest);
  });

  for (const [what, then] of [
    ["means something else", says("b")],
    ["can no longer be told what it means", () => Promise.reject(new Error("gone"))],
  ] as const) {
    test(`an approval is stale once the operation ${what}`, async () => {
      const { client, hold } = await held([says("a"), then]);
      await rig.gateway.settle(hold.id, { approve: true, by: lead, digest: hold.digest });
      expect((await answer(client))[0]).toStartWith("error hold.stale");
      expect(received).toEqual([]);
      expect(rig.trail.of("operation")).toEqual([]);
    });
  }

  test("an approval of what could not be found out is stale once it can be", async () => {
    const { client, hold } = await held([() => Promise.reject(new Error("gone")), says("a")]);
    await rig.gateway.settle(hold.id, { approve: true, by: lead, digest: hold.digest });
    expect((await answer(client))[0]).toStartWith("error hold.stale");
    expect(received).toEqual([]);
  });

  test("what was never known does not make it stale, and says so", async () => {
    const { client, hold } = await held([]);
    const value =
      "the resource could not be asked for all: more may be so, and an approval counts only until it can be told";
    expect(hold.findings).toEqual([finding, { label: "examination", value, severity: "warning" }]);
    await rig.gateway.settle(hold.id, { approve: true, by: lead });
    expect(await answer(client)).toEqual(["READ SHELF"]);
  });
});
