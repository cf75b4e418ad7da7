import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../core/serve.ts";
import { alive, TestGateway } from "./gateway.ts";
import { Backend, LinesClient, linesPolicy } from "./lines.ts";

let backend: Backend;
let gateway: TestGateway;
beforeAll(async () => {
  backend = await Backend.start();
});
afterEach(async () => gateway.close());
afterAll(() => backend.close());

const start = async (more: { blockedMs?: number; head?: string; listen?: string; more?: string } = {}) => {
  const { blockedMs, ...parts } = more;
  const policy = linesPolicy({ port: backend.port, ...parts });
  gateway = await TestGateway.start({ policy, ...(blockedMs === undefined ? {} : { blockedMs }) });
};
async function freePort(): Promise<number> {
  const probe = Bun.serve({ port: 0, fetch: () => new Response() });
  const { port = 0 } = probe;
  await probe.stop(true);
  return port;
}
const workerPid = async () => (await gateway.workers())[0]?.pid ?? 0;

test("the data folder and the control socket are the owner's alone", async () => {
  await start();
  const mode = (path: string) => statSync(path).mode & 0o777;
  expect(mode(gateway.dataDir)).toBe(0o700);
  expect(mode(join(gateway.dataDir, "control.sock"))).toBe(0o600);
  expect(mode(join(gateway.dataDir, "trail/keys/checkpoint.key"))).toBe(0o600);
  expect((await gateway.fetch("/healthz")).status).toBe(200);
  expect((await gateway.fetch("/readyz")).status).toBe(200);
});

test("a second gateway on the same folder is refused and told by whom", async () => {
  await start();
  const second = serve({
    policyPath: gateway.policyPath,
    dataDir: gateway.dataDir,
    log: { level: "silent" },
  });
  await expect(second).rejects.toMatchObject({
    code: "data.locked",
    message: expect.stringContaining(`Process ${gateway.pid} `),
  });
  expect((await gateway.fetch("/readyz")).status).toBe(200);
});

test("a clean stop leaves a whole trail, and the next start finds nothing to close", async () => {
  await start();
  const client = await LinesClient.open(gateway.port("lines"), await gateway.token("alice"));
  const session = await client.welcome();
  expect(await gateway.stop()).toBe(0);
  expect(await client.next()).toStartWith("goodbye gateway.stopping");
  client.close();
  const entries = gateway.entries();
  expect(entries.filter(({ kind }) => kind === "stop")).toHaveLength(2);
  expect(entries).toContainEqual(expect.objectContaining({ kind: "close", session }));
  await gateway.start();
  expect(gateway.entries().filter(({ kind }) => kind === "abandoned")).toEqual([]);
});

test("a worker that is killed is replaced, and what it left open is marked abandoned", async () => {
  await start();
  const client = await LinesClient.open(gateway.port("lines"), await gateway.token("alice"));
  const session = await client.welcome();
  client.say("write it");
  expect(await client.next()).toStartWith("held ");
  const old = await workerPid();
  process.kill(old, "SIGKILL");
  expect(await client.next()).toBeUndefined();
  const line = await gateway.log(({ msg }) => msg === "the new worker serves");
  expect(line.pid).not.toBe(old);

  expect(await gateway.get("/v1/sessions")).toEqual({ sessions: [] });
  expect(await gateway.get("/v1/approvals")).toEqual({ approvals: [], requests: [] });
  const { items } = await gateway.get<{ items: { entry: object }[] }>(
    `/v1/audit?session=${session}&kind=abandoned`,
  );
  expect(items.map(({ entry }) => entry)).toEqual([
    expect.objectContaining({ what: "hold" }),
    expect.objectContaining({ what: "session" }),
  ]);
  expect(await gateway.get(`/v1/sessions/${session}`)).toMatchObject({
    session: { reason: { code: "session.abandoned" } },
    operations: [{ verdict: "held", text: "write it" }],
  });
  expect(backend.seen).not.toContain("write it");
});

test("a worker whose loop is blocked is killed and replaced", async () => {
  const head = `
let mine = false;
const spin = { name: "spin", needs: ["operation"] as const, open: () => ({ operation() { for (;;); } }) };`;
  await start({ blockedMs: 2_000, head, more: "" });
  gateway.edit(linesPolicy({ port: backend.port, head }).replace("under: [", "under: [spin, "));
  await gateway.log(({ msg }) => msg === "the policy was reloaded");
  const client = await LinesClient.open(gateway.port("lines"), await gateway.token("alice"));
  await client.welcome();
  client.say("read it");
  expect(await client.next()).toBeUndefined();
  const line = await gateway.log(({ msg }) => msg === "a worker ended and is replaced");
  expect(line.why).toBe("blocked");
  await gateway.log(({ msg }) => msg === "the new worker serves");
  expect((await gateway.fetch("/readyz")).status).toBe(200);
});

test("workers do not outlive a supervisor that is killed, and the next start closes what was open", async () => {
  await start();
  const client = await LinesClient.open(gateway.port("lines"), await gateway.token("alice"));
  const session = await client.welcome();
  const worker = await workerPid();
  await gateway.kill();
  expect(await client.next()).toBeUndefined();
  while (alive(worker)) await Bun.sleep(5);
  await gateway.start();
  expect(gateway.entries()).toContainEqual(
    expect.objectContaining({ kind: "abandoned", what: "session", session }),
  );
});

test("a blocked orphan is ended by the next start", async () => {
  await start({ blockedMs: 60_000 });
  const worker = await workerPid();
  process.kill(worker, "SIGSTOP");
  await gateway.kill();
  expect(alive(worker)).toBe(true);
  await gateway.start();
  expect(alive(worker)).toBe(false);
});

test("several workers share a port and add up in the metrics", async () => {
  await start({ listen: `port: ${await freePort()}`, more: "workers: 2," });
  expect(await gateway.workers()).toHaveLength(2);
  const clients: LinesClient[] = [];
  for (let i = 0; i < 8; i++) {
    clients.push(await LinesClient.open(gateway.port("lines"), await gateway.token("alice")));
  }
  for (const client of clients) await client.welcome();
  const metrics = await (await gateway.fetch("/metrics")).text();
  expect(metrics).toContain('postern_sessions_open{protocol="lines"} 8');
  expect(metrics).toContain("postern_workers_up 2");
  for (const client of clients) client.close();
});

test("health is served over TCP where the policy says so, and nothing else is", async () => {
  const port = await freePort();
  await start({ more: `health: ${port},` });
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  expect(await (await get("/readyz")).text()).toBe("ready\n");
  expect(await (await get("/metrics")).text()).toContain("postern_workers_up 1");
  expect((await get("/v1/status")).status).toBe(404);
});

test("a path that no socket can have is refused with the reason", async () => {
  await start();
  const dataDir = join(mkdtempSync(join(tmpdir(), "postern-long-")), "x".repeat(120));
  mkdirSync(dataDir);
  const long = serve({ policyPath: gateway.policyPath, dataDir, log: { level: "silent" } });
  await expect(long).rejects.toMatchObject({ code: "control.path" });
});
