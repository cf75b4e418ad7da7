import { expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditEntry } from "../../control/api.ts";
import { cli, FakeControl } from "../testing/cli.ts";

type Fields<T> = T extends unknown ? Omit<T, "seq" | "time"> : never;
type Unnumbered = Fields<AuditEntry["entry"]>;

const denied = (seq: number): AuditEntry => ({
  stream: "w1",
  identity: "sam",
  resource: "shop",
  verdict: "denied",
  entry: {
    kind: "denied",
    session: "ses_1",
    text: "drop table\x1b[2K customers",
    actions: [],
    reason: { code: "policy.denied", message: "No." },
    policy: "abc",
    seq,
    time: Date.UTC(2026, 10, 21, 20, 0, 0),
  },
});

test("query asks for what was asked, and shows a line an entry", async () => {
  await using control = new FakeControl(() => ({ items: [denied(7)] }));
  const { out } = await control.cli([
    ...["audit", "query", "--identity", "sam", "--kind", "denied", "--kind", "hold", "--text", "drop"],
    ...["--since", "2026-11-21T00:00Z", "--limit", "5"],
  ]);
  expect(out).toMatch(
    /2026-11-21 20:00:00 +w1\/7 +denied \(denied\) +sam +shop +policy.denied: drop table\\x1b\[2K customers\n$/,
  );
  const { query } = control.asked[0] ?? {};
  expect(query?.getAll("kind")).toEqual(["denied", "hold"]);
  expect(Object.fromEntries(query ?? [])).toMatchObject({
    identity: "sam",
    text: "drop",
    limit: "5",
    since: String(Date.UTC(2026, 10, 21)),
  });
});

test("a line of a grant or an end of access says what it is about", async () => {
  const alice = { issuer: "i", subject: "alice", kind: "person", groups: [] } as const;
  const of = { kind: "identity", subject: "sam" } as const;
  const reason = { code: "access.revoked", message: "Your access was ended by an operator." };
  const told = async (entry: Unnumbered) => {
    const item = { ...denied(1), entry: { ...entry, seq: 1, time: 0 } };
    await using control = new FakeControl(() => ({ items: [item] }));
    return (await control.cli(["audit", "query"])).out.split("sam  shop      ")[1]?.trimEnd();
  };
  expect(
    await told({
      kind: "grant-answered",
      request: "req_1",
      how: "denied",
      by: alice,
      because: "not\x1b[2K now",
    }),
  ).toBe("req_1 denied by alice: not\\x1b[2K now");
  const grant = { grant: "grant_1", request: "req_1", identity: alice, resource: "shop", rules: ["fix"] };
  const times = { from: 0, until: Date.UTC(2030, 0, 1), by: [], ticket: "OPS-1", breakGlass: true };
  expect(await told({ kind: "grant-opened", ...grant, ...times })).toBe(
    "grant_1 rule fix until 2030-01-01 00:00:00, glass broken: OPS-1",
  );
  expect(await told({ kind: "grant-ended", grant: "grant_1", how: "revoked", by: "alice" })).toBe(
    "grant_1 revoked by alice",
  );
  expect(await told({ kind: "access-ended", ending: "end_1", of, blocks: true, reason, by: "bob" })).toBe(
    "identity sam by bob: Your access was ended by an operator.",
  );
});

test("query turns pages until it has enough", async () => {
  await using control = new FakeControl(({ query }) =>
    query.get("before") === "p2"
      ? { items: [denied(2), denied(1)], next: "p3" }
      : { items: [denied(4), denied(3)], next: "p2" },
  );
  const { out } = await control.cli(["audit", "query", "--limit", "4", "--json"]);
  expect(
    out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).entry.seq),
  ).toEqual([4, 3, 2, 1]);
  expect(control.asked.map(({ query }) => query.get("limit"))).toEqual(["4", "2"]);
});

test("query says whose entries could not be read", async () => {
  await using control = new FakeControl(() => ({ items: [denied(1)], unreadable: ["01k9-worker-0"] }));
  const { out, err } = await control.cli(["audit", "query", "--json"]);
  expect(out.trimEnd().split("\n")).toHaveLength(1);
  expect(err).toContain("01k9-worker-0");
  expect(err).toContain("postern audit verify");
});

test("reindex says how many entries there are", async () => {
  await using control = new FakeControl(() => ({ entries: 12 }));
  expect((await control.cli(["audit", "reindex"])).out).toBe("12 entries are indexed.\n");
  expect(control.asked[0]).toMatchObject({ method: "POST", path: "/v1/audit/reindex" });
});

test("verify works without a gateway, by the key in the folder or one from elsewhere", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-cli-"));
  const pem = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" });
  mkdirSync(join(dataDir, "trail", "keys"), { recursive: true });
  const elsewhere = join(dataDir, "copy.pub");
  writeFileSync(elsewhere, pem);
  const verify = (...more: string[]) => cli(["audit", "verify", "--data", dataDir, ...more]);
  expect((await verify()).err).toContain("[audit.no-key]");
  expect((await verify("--public-key", elsewhere)).code).toBe(0);
  writeFileSync(join(dataDir, "trail", "keys", "checkpoint.pub"), pem);
  const { code, out } = await verify("--json");
  expect([code, JSON.parse(out)]).toEqual([0, { ok: true, streams: [], findings: [], notes: [] }]);
});
