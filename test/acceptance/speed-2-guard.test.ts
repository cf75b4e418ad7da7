import { expect, test } from "bun:test";
import { baselineOf, compare, verdict } from "../../bench/guard/compare.ts";
import { accepted } from "../../bench/guard/index.ts";
import { parts } from "../../bench/guard/parts.ts";
import { interleave } from "../../bench/interleave.ts";
import { insideOf } from "../../bench/postgres/scenarios/inside-bulk.ts";
import { extents } from "../../bench/scenario.ts";
import { withSshPeers } from "../../bench/ssh/peers.ts";
import { keys } from "../../bench/ssh/scenarios.ts";
import type { Guardrail } from "../../core/guardrail.ts";
import { mask } from "../../plugins/index.ts";
import { measured, needs, testWith } from "../needs.ts";

test("must hold 2: every figure that is guarded has a baseline, of each protocol, and nothing else has", () => {
  expect(Object.keys(accepted()).toSorted()).toEqual(parts.map(({ name }) => name).toSorted());
  for (const { name, figures, peers } of parts) {
    const baseline = Object.keys(accepted()[name] ?? {});
    expect(baseline.length, name).toBeGreaterThan(0);
    for (const what of baseline) {
      const [peer = "", figure = ""] = what.split(" ");
      const ids: readonly string[] = figures.map(({ id }) => id);
      expect(peers, what).toContain(peer);
      expect(ids, what).toContain(figure);
    }
    // No figure is guarded of nobody.
    for (const { id } of figures)
      expect(
        baseline.some((what) => what.endsWith(` ${id}`)),
        id,
      ).toBe(true);
  }
});

test("must hold 2: a masked result that has become dearer fails the guard", async () => {
  const slow: Guardrail<"operation"> = {
    name: "slowed",
    needs: ["operation"],
    open: () => ({
      operation() {
        for (const until = performance.now() + 20; performance.now() < until; );
        return "allow";
      },
    }),
  };
  const now = await insideOf([mask({ columns: ["c3"] }), slow]);
  const was = accepted().bulk?.["mask bulk.inside"] ?? { value: Number.NaN, noise: Number.NaN };
  measured(`a masked result inside, slowed by 20 ms: ${now.toFixed(2)} × hashing it; it was ${was.value}`);
  expect(now).toBeGreaterThan(was.value * (1 + was.noise));
}, 60_000);

testWith(needs.openssh)(
  "must hold 2: keys that cost more fail the guard, and so does a figure that is not there",
  async () => {
    const slow = `({
      name: "slowed",
      needs: ["stream"],
      open: () => ({
        answer: () => ({
          stream(chunk) {
            for (const until = performance.now() + 3; performance.now() < until; );
            return chunk;
          },
        }),
      }),
    })`;
    const extent = { ...extents.guard, rounds: 1, warm: 0, keys: 100 };
    const samples = await withSshPeers((peers) => interleave([keys], peers, extent, () => {}), slow);
    const ssh = parts.find(({ name }) => name === "ssh");
    const compared = compare(samples, ssh?.figures ?? [], ["postern"], accepted().ssh ?? {});
    measured(verdict(compared));
    // scp and the system calls were not measured.
    expect(compared.filter(({ worse }) => worse).map(({ what }) => what)).toEqual(
      compared.map(({ what }) => what),
    );
    expect(compared.find(({ what }) => what === "postern ssh.key.cpu")?.now).toBeGreaterThan(0);
    // And the same figures are as good as a baseline that was written with them.
    const own = baselineOf(samples, ssh?.figures ?? [], ["postern"]);
    const again = compare(samples, ssh?.figures ?? [], ["postern"], own);
    expect(again.filter(({ worse }) => worse)).toEqual([]);
  },
  120_000,
);
