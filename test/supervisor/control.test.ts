import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import type {
  AuditEntry,
  HoldEvent,
  HoldView,
  Page,
  SessionDetail,
  SessionView,
} from "../../core/control/api.ts";
import { TestGateway } from "./gateway.ts";
import { Backend, LinesClient, linesPolicy } from "./lines.ts";

let backend: Backend;
let gateway: TestGateway;
const opened: LinesClient[] = [];
beforeAll(async () => {
  backend = await Backend.start();
});
beforeEach(async () => {
  gateway = await TestGateway.start({ policy: linesPolicy({ port: backend.port }) });
});
afterEach(async () => {
  for (const client of opened.splice(0)) client.close();
  await gateway.close();
});
afterAll(() => backend.close());

async function session(subject: string): Promise<LinesClient & { id: string }> {
  const client = await LinesClient.open(gateway.port("lines"), await gateway.token(subject));
  opened.push(client);
  return Object.assign(client, { id: await client.welcome() });
}
async function* events(response: Response): AsyncGenerator<HoldEvent, void, void> {
  let rest = "";
  for await (const chunk of response.body ?? []) {
    const lines = (rest + new TextDecoder().decode(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line) as HoldEvent;
  }
}
const approvals = async () => (await gateway.get<{ approvals: HoldView[] }>("/v1/approvals")).approvals;

test("a hold is watched, refused by who may not approve, and run once when a lead does", async () => {
  const watch = events(await gateway.fetch("/v1/approvals/watch"));
  const event = async () => (await watch.next()).value;
  const alice = await session("alice");
  alice.say("write orders");
  expect(await alice.next()).toStartWith("held hold_");
  const first = await event();
  const [hold] = await approvals();
  expect(first).toEqual({ event: "opened", hold: hold as HoldView });
  expect(hold).toMatchObject({ session: alice.id, text: "write orders", by: "group leads" });

  const settle = (token?: string, body: object = { approve: true }) =>
    gateway.post<{ code: string }>(`/v1/approvals/${hold?.id}`, body, token);
  expect(await settle()).toMatchObject({ status: 401, body: { code: "request.no-token" } });
  expect(await settle("rubbish")).toMatchObject({ status: 401, body: { code: "identity.refused" } });
  const mallory = await settle(await gateway.token("mallory", "support"));
  expect(mallory).toMatchObject({ status: 409, body: { code: "approval.refused" } });
  const own = await settle(await gateway.token("alice", "leads"));
  expect(own).toMatchObject({ status: 409, body: { code: "approval.refused" } });
  const lead = await gateway.token("lena", "leads");
  expect(await settle(lead, { approve: true, digest: "0".repeat(64) })).toMatchObject({ status: 409 });
  expect(await settle(lead, { approve: 1 })).toMatchObject({
    status: 400,
    body: { code: "request.invalid" },
  });
  expect(backend.seen.filter((line) => line === "write orders")).toHaveLength(0);

  expect(await settle(lead, { approve: true, digest: hold?.digest })).toMatchObject({ status: 204 });
  expect([await alice.next(), await alice.next()]).toEqual(["did write orders", "."]);
  expect(await event()).toEqual({ event: "ended", id: hold?.id ?? "", how: "approved" });
  expect(await settle(lead)).toMatchObject({ status: 404, body: { code: "hold.unknown" } });
  expect(backend.seen.filter((line) => line === "write orders")).toHaveLength(1);
  await watch.return();

  const metrics = await (await gateway.fetch("/metrics")).text();
  expect(metrics).toContain('postern_holds_ended_total{how="approved"} 1');
  expect(metrics).toMatch(/postern_trail_flush_seconds_count [1-9]/);

  const { approvals: all } = await gateway.get<{ approvals: HoldView[] }>("/v1/approvals?all=1");
  expect(all).toMatchObject([{ id: hold?.id, how: "approved", endedBy: { subject: "lena" } }]);
});

test("a session is listed, shown with what it did, replayed raw, and ended", async () => {
  const alice = await session("alice");
  alice.say("read orders");
  expect([await alice.next(), await alice.next()]).toEqual(["did read orders", "."]);
  alice.say("define orders");
  expect(await alice.next()).toStartWith("error policy.denied");
  const { sessions } = await gateway.get<{ sessions: SessionView[] }>("/v1/sessions");
  expect(sessions).toMatchObject([{ id: alice.id, resource: "box", identity: { subject: "alice" } }]);
  const { operations } = await gateway.get<SessionDetail>(`/v1/sessions/${alice.id}`);
  expect(operations).toMatchObject([
    { text: "read orders", verdict: "allowed", outcome: { result: "ok" }, rules: ["rules[0]"] },
    { text: "define orders", verdict: "denied", reason: { code: "policy.denied" } },
  ]);

  const body = JSON.stringify({ because: "lunch" });
  expect((await gateway.fetch(`/v1/sessions/${alice.id}`, { method: "DELETE", body })).status).toBe(204);
  expect(await alice.next()).toBe("goodbye session.killed");
  expect(await alice.next()).toBeUndefined();
  expect((await gateway.fetch(`/v1/sessions/${alice.id}`, { method: "DELETE" })).status).toBe(404);
  const after = await gateway.get<{ sessions: SessionView[] }>("/v1/sessions?all=1");
  expect(after.sessions).toMatchObject([
    { id: alice.id, reason: { message: expect.stringContaining("lunch") } },
  ]);

  const raw = await (await gateway.fetch(`/v1/sessions/${alice.id}/recording?raw=1`)).text();
  const bytes = raw
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; base64?: string })
    .flatMap(({ base64 }) => (base64 === undefined ? [] : [Buffer.from(base64, "base64").toString()]));
  expect(bytes.join("")).toContain("did read orders\n");
  expect((await gateway.fetch(`/v1/sessions/${alice.id}/recording`)).status).toBe(400);
  expect((await gateway.fetch("/v1/sessions/ses_none/recording")).status).toBe(404);
});

test("the audit is found by filter, and rebuilding the index gives the same", async () => {
  const alice = await session("alice");
  for (const line of ["read one", "read two", "define three"]) {
    alice.say(line);
    await alice.next();
    if (line.startsWith("read")) await alice.next();
  }
  const audit = (query: string) => gateway.get<Page<AuditEntry>>(`/v1/audit?${query}`);
  const query = `session=${alice.id}&kind=operation&kind=denied`;
  const { items } = await audit(query);
  expect(items.map(({ entry }) => "text" in entry && entry.text)).toEqual([
    "define three",
    "read two",
    "read one",
  ]);
  expect((await audit("text=TWO&identity=alice&resource=box")).items).toHaveLength(1);
  expect((await gateway.fetch("/v1/audit?colour=red")).status).toBe(400);

  const before = await audit("until=99999999999999&limit=1000");
  const { body } = await gateway.post<{ entries: number }>("/v1/audit/reindex");
  expect(body.entries).toBeGreaterThanOrEqual(before.items.length);
  const after = await audit("until=99999999999999&limit=1000");
  expect(after.items.slice(-before.items.length)).toEqual([...before.items]);
  expect(after.items.slice(0, -before.items.length)).toContainEqual(
    expect.objectContaining({ entry: expect.objectContaining({ kind: "admin", what: "audit-reindex" }) }),
  );
});

test("a credential is issued to an identity, for a resource that there is", async () => {
  const token = await gateway.token("alice");
  const issue = (body: object) =>
    gateway.post<{ user: string; password: string; code: string }>("/v1/credentials", body, token);
  const { status, body } = await issue({ resource: "box", ttl: "10m" });
  expect(status).toBe(201);
  expect(body.user).toStartWith("pc_");
  expect(await issue({ resource: "vault" })).toMatchObject({
    status: 400,
    body: { code: "credential.resource" },
  });
  expect(await issue({ ttl: "soon" })).toMatchObject({ status: 400, body: { code: "request.invalid" } });
  const found = await Bun.$`grep -rlaF ${body.password} ${gateway.dataDir}`.nothrow().text();
  expect(found).toBe("");
  expect(gateway.stderr).not.toContain(token);
});
