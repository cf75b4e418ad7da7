import { expect, test } from "bun:test";
import type { Ending } from "../../ending.ts";
import { cli, FakeControl } from "../testing/cli.ts";

const ending: Ending = {
  ...{ id: "end_1", at: 0, of: { kind: "identity", subject: "alice" }, blocks: true, by: "control socket" },
  reason: { code: "access.revoked", message: "Over.\nfake" },
};

test("what is ended is told by the form of its name, or by --kind", async () => {
  await using control = new FakeControl(() => ({ ending, sessions: ["ses_1", "ses_2"] }));
  const asked: readonly (readonly [string[], object])[] = [
    [["alice"], { kind: "identity", subject: "alice" }],
    [["alice", "--issuer", "https://a"], { kind: "identity", subject: "alice", issuer: "https://a" }],
    [["pc_1"], { kind: "credential", id: "pc_1" }],
    [["ses_1"], { kind: "session", id: "ses_1" }],
    [["grant_1"], { kind: "grant", id: "grant_1" }],
    [["ses_of_somebody", "--kind", "identity"], { kind: "identity", subject: "ses_of_somebody" }],
    [["jti-7", "--kind", "credential"], { kind: "credential", id: "jti-7" }],
    [
      ["s1", "--kind", "login", "--issuer", "https://a"],
      { kind: "login", issuer: "https://a", session: "s1" },
    ],
  ];
  for (const [args, of] of asked) {
    expect((await cli(["revoke", ...args, "--data", control.dataDir])).code).toBe(0);
    expect(control.asked.at(-1)).toMatchObject({
      method: "POST",
      path: "/v1/endings",
      body: { of, blocks: false },
    });
  }
  const { out } = await cli([
    "revoke",
    "alice",
    "--block",
    "--because",
    "she left",
    "--data",
    control.dataDir,
  ]);
  expect(control.asked.at(-1)?.body).toMatchObject({ blocks: true, because: "she left" });
  expect(out).toBe(
    "Ended: identity alice, 2 sessions on this gateway (end_1). Nothing new is accepted until it is lifted.\n",
  );
});

test("what makes no sense asks nothing", async () => {
  await using control = new FakeControl(() => ({}));
  for (const args of [
    [],
    ["x", "--kind", "planet"],
    ["x", "--kind", "login"],
    ["pc_1", "--issuer", "https://a"],
  ]) {
    expect((await cli(["revoke", ...args, "--data", control.dataDir])).code).toBe(2);
  }
  expect(control.asked).toEqual([]);
});

test("what is in force is listed, a text cannot forge a line, and what blocks is lifted", async () => {
  let endings = [ending];
  await using control = new FakeControl(({ method }) =>
    method === "GET" ? { endings } : { lifted: endings.filter(({ blocks }) => blocks) },
  );
  const { out } = await cli(["revoke", "--list", "--data", control.dataDir]);
  expect(out.trimEnd().split("\n")).toHaveLength(2);
  expect(out).toContain("identity alice");
  const lifted = await cli(["revoke", "alice", "--lift", "--data", control.dataDir]);
  expect(lifted.out).toBe("Nothing blocks identity alice any more.\n");
  expect(control.asked.at(-2)).toMatchObject({ method: "DELETE", body: { of: ending.of } });
  endings = [{ ...ending, blocks: false }];
  const left = await cli(["revoke", "alice", "--lift", "--data", control.dataDir]);
  expect(left.err).toBe(
    "Nothing blocks identity alice. What was proved before 1970-01-01 00:00:00 UTC, or without a date, stays refused.\n",
  );
});
