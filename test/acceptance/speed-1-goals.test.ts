import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outcome } from "../../bench/goals/report.ts";
import { measured, needs, testWith } from "../needs.ts";

const main = join(import.meta.dir, "../../bench/main.ts");

/** The table of issue 8, as it is to be printed. */
const rows = [
  ...["1 client, added p50, to HAProxy's", "1 client, added p50, to PgBouncer's"],
  ...["CPU a query, prepared, to HAProxy's", "CPU a query, simple, to HAProxy's"],
  ...["CPU a query, prepared, over the bare relay's", "CPU a query, simple, over the bare relay's"],
  ...["8 clients, to PgBouncer", "64 clients, to PgBouncer", "two workers, 64 clients, to one"],
  ...["strict trail, 8 clients, to none", "strict trail, 64 clients, to none"],
  "strict trail, 1 client, added p50 over none",
  ...["default trail, 8 clients, to none", "default trail, 64 clients, to none"],
  "default trail, CPU a query over none",
  ...["bulk read, nothing masked, to direct", "bulk read, one of eight columns masked, to direct"],
  ...["bulk read, detectors on all text, to direct", "detectors' scanner"],
  "bulk read, nothing masked, CPU a GB, to HAProxy's",
  ...["connection to first row, TLS, to PgBouncer cold", "TLS set-up, CPU"],
  ...["idle connection", "idle connection, TLS", "8 clients beside 10,000 idle sessions, to none"],
  "1,000 rules and resources, CPU a query, to one's",
  ...["HTTP/1.1, 64 connections, requests, to HAProxy", "HTTP/1.1, CPU a request, to HAProxy's"],
  ...["SSH, scp, to direct", "SSH, key to its echo, p99, over direct"],
];
/** What a run of a second's load has no figure for: the kernel counts CPU in steps of 10 ms. */
const verdicts =
  /^(met|MISSED|not measured|lost in noise|counts from 8 cores on.*|counts from 10,000 sessions on.*)$/;

interface Document {
  readonly machine: { readonly cpus: number };
  readonly load: number;
  readonly goals: readonly Outcome[];
  readonly readings: Readonly<Record<string, readonly number[]>>;
}

async function bench(...args: readonly string[]) {
  const child = Bun.spawn([process.execPath, main, ...args], { stdout: "pipe", stderr: "pipe" });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, out, err };
}

testWith(
  needs.postgres15,
  needs.pgbench,
  needs.haproxy,
  needs.pgbouncer,
  needs.nginx,
  needs.wrk,
  needs.openssh,
)(
  "must hold 1: one command measures every row of the table and prints it with its goal, met, missed or why it does not count",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-goals-"));
    const file = join(folder, "goals.json");
    const began = performance.now();
    const { code, out, err } = await bench("goals", "--smoke", "--json", file);
    expect(code, err).toBe(0);
    measured(`every goal, as briefly as can be: ${((performance.now() - began) / 1000).toFixed(0)} s`);
    const document = JSON.parse(readFileSync(file, "utf8")) as Document;
    rmSync(folder, { recursive: true });

    const asked = document.goals.filter(({ goal }) => goal !== null && goal !== undefined);
    expect(asked.map(({ what }) => what).toSorted()).toEqual(rows.toSorted());
    const lines = out.split("\n");
    for (const { what, unit, value, bound, verdict } of document.goals) {
      const line = lines.find((each) => each.startsWith(`${what}  `)) ?? "";
      expect(line).toEndWith(verdict);
      if (value !== undefined) expect(line).toContain(unit);
      if (bound) {
        expect(line).toContain(`at ${bound} `);
        expect(verdict).toMatch(verdicts);
      } else expect(verdict).toBe("beside");
    }
    // What no step of the clock can hide has come out of each protocol.
    for (const what of [
      "64 clients, to PgBouncer",
      "HTTP/1.1, 64 connections, requests, to HAProxy",
      "SSH, scp, to direct",
    ])
      expect(document.goals.find((goal) => goal.what === what)?.value, what).toBeGreaterThan(0);
    expect(out).toMatch(/^\d+ of \d+ met\. One run on \d+ cores, whose load was [\d.]+ before it;/m);
    expect(document.readings["record rate.prepared.64"]).toHaveLength(1);
    expect(document.machine.cpus).toBeGreaterThan(0);
    expect(document.load).toBeGreaterThanOrEqual(0);
  },
  300_000,
);

test("must hold 1: what the command does not know is an error with the usage", async () => {
  const { code, out, err } = await bench("goals", "--shrot");
  expect(code).toBe(2);
  expect(out).toBe("");
  expect(err).toContain("npm run bench -- goals [postgres | http | ssh]");
});
