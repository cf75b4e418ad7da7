import { expect, test } from "bun:test";
import type { SessionDetail, SessionView } from "../../control/api.ts";
import { FakeControl, ndjson } from "../testing/cli.ts";

const session: SessionView = {
  id: "ses_1",
  identity: { issuer: "i", subject: "sam", kind: "person", groups: ["support"] },
  resource: "shop",
  protocol: "postgres",
  remote: "127.0.0.1:5000",
  application: "psql",
  openedAt: Date.UTC(2026, 10, 21, 20, 0, 0),
  policyVersion: "abc",
};
const closed: SessionView = {
  ...session,
  id: "ses_0",
  closedAt: session.openedAt + 61_000,
  reason: { code: "client.left", message: "The caller left." },
};

test("list shows the open ones, --all those that ended too, --json what the gateway said", async () => {
  await using control = new FakeControl(({ query }) => ({
    sessions: query.has("all") ? [session, closed] : [session],
  }));
  const { out } = await control.cli(["sessions", "list"]);
  expect(out).toMatch(/ses_1 +sam +shop +postgres +2026-11-21 20:00:00 .* open +127.0.0.1:5000 +psql\n$/);
  const { out: all } = await control.cli(["sessions", "list", "--all"]);
  expect(all).toMatch(/ses_0 .* 1m 1s +client.left /);
  expect(JSON.parse((await control.cli(["sessions", "list", "--all", "--json"])).out)).toEqual([
    session,
    closed,
  ]);
});

test("show lists the operations with verdict, rule and outcome", async () => {
  const asked = { seq: 1, time: session.openedAt, text: "select 1", effects: ["read"] };
  const detail: SessionDetail = {
    session: closed,
    operations: [
      { ...asked, verdict: "allowed", rules: ["support reads"], outcome: { result: "ok", rows: 1 }, ms: 2 },
      { ...asked, verdict: "denied", rules: [], reason: { code: "policy.denied", message: "No." } },
      { ...asked, verdict: "allowed", rules: ["support reads"] },
      { ...asked, verdict: "held", rules: [], hold: "hold_1" },
    ],
  };
  await using control = new FakeControl(() => detail);
  const { out } = await control.cli(["sessions", "show", "ses_0"]);
  expect(out).toContain("reason    The caller left.\n");
  expect(out).toMatch(/allowed +read +support reads +ok, 1 row, 2 ms +select 1\n/);
  expect(out).toMatch(/denied +read +no rule +policy.denied +select 1\n/);
  expect(out).toMatch(/allowed +read +support reads +not answered +select 1\n/);
  expect(out).toMatch(/held +read +hold_1 +select 1\n/);
  expect(control.asked[0]?.path).toBe("/v1/sessions/ses_0");
  expect(out).not.toContain("audit verify");
});

test("show says where operations could not be read", async () => {
  await using control = new FakeControl(() => ({ session: closed, operations: [], unreadable: true }));
  expect((await control.cli(["sessions", "show", "ses_0"])).out).toContain("postern audit verify");
});

test("an id is one segment of the path, whatever it says", async () => {
  await using control = new FakeControl(() => new Response(null, { status: 204 }));
  await control.cli(["sessions", "kill", "../policy/reload?x"]);
  expect(control.asked[0]?.path).toBe("/v1/sessions/..%2Fpolicy%2Freload%3Fx");
});

test("kill says why", async () => {
  await using control = new FakeControl(() => new Response(null, { status: 204 }));
  const { code, out } = await control.cli(["sessions", "kill", "ses_1", "--because", "incident 17"]);
  expect([code, out]).toEqual([0, "ses_1 has ended.\n"]);
  expect(control.asked[0]).toMatchObject({ method: "DELETE", body: { because: "incident 17" } });
});

test("replay at once prints all, with escapes made visible", async () => {
  await using control = new FakeControl(() =>
    ndjson({ at: 0, text: "a\n" }, { at: 3_600_000, text: "b\x1b[2J\n" }),
  );
  for (const how of [["--instant"], ["--speed", "0"], ["--speed", "1e9"]]) {
    const { out } = await control.cli(["sessions", "replay", "ses_1", ...how]);
    expect(out).toBe("a\nb\\x1b[2J\n");
  }
});

test("replay at its own pace can be stopped", async () => {
  const stop = new AbortController();
  await using control = new FakeControl(() => ndjson({ at: 0, text: "a\n" }, { at: 3_600_000, text: "b\n" }));
  const ran = await control.cli(["sessions", "replay", "ses_1"], {
    signal: stop.signal,
    out: () => stop.abort(),
  });
  expect(ran).toEqual({ code: 0, out: "a\n", err: "" });
});

test("replay --json --raw asks for what was recorded", async () => {
  const line = { at: 0, kind: "bytes", base64: "YQ==" };
  await using control = new FakeControl(() => ndjson(line));
  const { out } = await control.cli(["sessions", "replay", "ses_1", "--json", "--raw"]);
  expect(JSON.parse(out)).toEqual(line);
  expect(control.asked[0]?.query.get("raw")).toBe("1");
  expect((await control.cli(["sessions", "replay", "ses_1", "--raw"])).code).toBe(2);
});
