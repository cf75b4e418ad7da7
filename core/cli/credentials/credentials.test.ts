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

const ada = { issuer: "local", subject: "ada", kind: "person", groups: [] };
const stored = { kind: "password", id: "pc_1", identity: ada, issuedAt: expires - 60_000, expires };

test("credentials issue asks for one session, from one block", async () => {
  await using control = new FakeControl(() => ({ user: "pc_1", password: "secret", expires }));
  const asked = ["credentials", "issue", "orders", "--once", "--from", "10.2.0.0/16"];
  expect((await control.cli(asked, { env: { POSTERN_TOKEN: "t" } })).code).toBe(0);
  expect(control.asked[0]?.body).toEqual({ resource: "orders", ttl: "15m", once: true, from: "10.2.0.0/16" });
});

test("credentials list shows who, what, until when and in which state", async () => {
  const used = { ...stored, id: "pc_2", resource: "orders", once: true, from: "::1/128", state: "used" };
  await using control = new FakeControl(() => ({
    credentials: [
      { ...stored, once: false, state: "good" },
      { ...used, usedAt: expires - 1_000 },
    ],
  }));
  const { code, out } = await control.cli(["credentials", "list", "--all"]);
  expect(code).toBe(0);
  expect(control.asked[0]).toMatchObject({ method: "GET", path: "/v1/credentials" });
  expect(control.asked[0]?.query.get("all")).toBe("1");
  const [, first, second] = out.split("\n").map((line) => line.split(/ {2,}/));
  expect(first).toEqual(
    ["pc_1", "ada", "any", "2026-11-21 19:59:00", "2026-11-21 20:00:00"].concat(
      ...["never", "many", "anywhere", "good"],
    ),
  );
  expect(second?.slice(5)).toEqual(["2026-11-21 19:59:59", "once", "::1/128", "used"]);
});

test("credentials revoke names one", async () => {
  await using control = new FakeControl(() => ({}));
  const { code, out } = await control.cli(["credentials", "revoke", "pc_1"]);
  expect([code, out]).toEqual([0, "pc_1 is revoked.\n"]);
  expect(control.asked[0]).toMatchObject({ method: "DELETE", path: "/v1/credentials/pc_1" });
});
