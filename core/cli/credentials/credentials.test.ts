import { expect, test } from "bun:test";
import { FakeControl } from "../testing/cli.ts";

const expires = Date.UTC(2026, 10, 21, 20, 0, 0);

test("token mint prints the token alone, and when it ends beside it", async () => {
  await using control = new FakeControl(() => ({ token: "a.b.c", expires }));
  const mint = [
    "token",
    "mint",
    "--subject",
    "alice",
    "--group",
    "support",
    "--group",
    "leads",
    "--ttl",
    "2h",
  ];
  const { code, out, err } = await control.cli(mint);
  expect([code, out, err]).toEqual([0, "a.b.c\n", "Good until 2026-11-21 20:00:00 UTC.\n"]);
  expect(control.asked[0]).toMatchObject({
    method: "POST",
    path: "/v1/tokens",
    body: { subject: "alice", groups: ["support", "leads"], kind: "person", ttl: "2h" },
  });
  const { out: json } = await control.cli([...mint, "--machine", "--json"]);
  expect(JSON.parse(json)).toEqual({ token: "a.b.c", expires });
  expect(control.asked[1]?.body).toMatchObject({ kind: "machine" });
});

test("credentials issue exchanges the caller's token", async () => {
  await using control = new FakeControl(() => ({ user: "pc_1", password: "secret", expires }));
  const { code, out } = await control.cli(["credentials", "issue", "orders"], {
    env: { POSTERN_TOKEN: "t" },
  });
  expect([code, out]).toEqual([0, "user      pc_1\npassword  secret\nexpires   2026-11-21 20:00:00 UTC\n"]);
  expect(control.asked[0]).toMatchObject({
    method: "POST",
    path: "/v1/credentials",
    token: "t",
    body: { resource: "orders", ttl: "15m" },
  });
});
