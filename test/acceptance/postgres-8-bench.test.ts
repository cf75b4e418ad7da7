import { expect, test } from "bun:test";
import { compare } from "../../bench/guard/compare.ts";
import { accepted } from "../../bench/guard/index.ts";
import { parts } from "../../bench/guard/parts.ts";
import { interleave } from "../../bench/interleave.ts";
import { guarded, withPeers } from "../../bench/postgres/index.ts";
import { inside } from "../../bench/postgres/inside.ts";
import { haproxy } from "../../bench/postgres/peers/haproxy.ts";
import { postern } from "../../bench/postgres/peers/postern.ts";
import { extents } from "../../bench/scenario.ts";
import type { Guardrail } from "../../core/guardrail.ts";
import { measured, needs, testWith } from "../needs.ts";

/** Burns milliseconds of CPU an operation, as a change that costs would. As source: a policy's own guardrail. */
const slowed = (ms: number) => `({
  name: "slowed",
  needs: ["operation"],
  open: () => ({
    operation() {
      for (const until = performance.now() + ${ms}; performance.now() < until; );
      return "allow";
    },
  }),
})`;

testWith(
  needs.postgres15,
  needs.pgbench,
  needs.haproxy,
  needs.strace,
)(
  "must hold 8: the guard fails on a gateway that was slowed down, and says where",
  async () => {
    const extent = { ...extents.guard, rounds: 1 };
    const peers = [haproxy, (...where: Parameters<typeof haproxy>) => postern(...where, "bare", slowed(0.2))];
    const samples = await withPeers(peers, extent, (open) => interleave(guarded, open, extent, () => {}));
    const part = parts.find(({ name }) => name === "postgres");
    const compared = compare(samples, part?.figures ?? [], ["bare"], accepted().postgres ?? {});
    const slower = compared.filter(({ what }) => what.startsWith("bare cpu."));
    for (const { what, now } of slower) measured(`a slowed gateway, ${what}: ${now?.toFixed(2)}`);
    const worse = slower.filter((figure) => figure.worse).map(({ what }) => what);
    expect(worse.toSorted()).toEqual(["bare cpu.prepared", "bare cpu.simple"]);
  },
  180_000,
);

test("must hold 8: what the gateway costs inside is guarded as well, to some microseconds", async () => {
  const guardrail = new Function(`return ${slowed(0.02)}`)() as Guardrail<"operation">;
  const was = accepted().postgres?.["bare inside.prepared"] ?? { value: Number.NaN, noise: Number.NaN };
  const now = await inside("prepared", [guardrail]);
  measured(
    `a select inside the gateway: ${now.toFixed(2)} × hashing 4 KB, slowed by 20 µs; it was ${was.value}`,
  );
  expect(now).toBeGreaterThan(was.value * (1 + was.noise));
});
