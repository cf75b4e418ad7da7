import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import type { Introduction, Status } from "../../core/control/api.ts";
import { TestGateway } from "./gateway.ts";
import { Backend, LinesClient, linesPolicy } from "./lines.ts";

let backend: Backend;
let gateway: TestGateway;
beforeAll(async () => {
  backend = await Backend.start();
});
afterEach(async () => gateway.close());
afterAll(() => backend.close());

/** A provider that answers over HTTP what a test asks of it, and vouches for nobody. */
const face = (path: string) => `{
  name: "faced",
  open: async () => ({
    identify: async () => undefined,
    login: { kind: "gateway", name: "faced", path: "${path}" },
    web: {
      path: "${path}",
      async handle(request, tools) {
        const { pathname, searchParams } = new URL(request.url);
        const what = pathname.split("/").at(-1);
        if (what === "throws") throw new Error("the secret is 4711");
        if (what === "refuses") throw tools.refused("the signature is wrong");
        if (what === "echo") return new Response(await request.text(), { headers: { "x-url": tools.url } });
        if (what === "first") return Response.json(await tools.first(searchParams.get("key"), Date.now() + 60_000));
        if (what === "ends") {
          const of = { kind: "identity", subject: searchParams.get("subject") };
          await tools.end({ of, by: "faced", reason: { code: "access.logged-out", message: "Logged out there." } });
        }
        return new Response(null, { status: 204 });
      },
    },
  }),
}`;
const policy = (more: string, ...paths: string[]) =>
  linesPolicy({ port: backend.port, more }).replace(
    "identity: [local()]",
    `identity: [local(), ${paths.map(face).join(", ")}]`,
  );
const served = "web: { port: 0, insecure: true },";
const base = () => `http://127.0.0.1:${gateway.port("web")}`;
const webs = async () => {
  const { listeners } = await gateway.get<Status>("/v1/status");
  return listeners.filter(({ protocol }) => protocol === "web");
};

test("a provider's face is below its path; what it throws says nothing to strangers", async () => {
  gateway = await TestGateway.start({ policy: policy(served, "corp") });
  const at = `${base()}/identity/corp`;
  const echo = await fetch(`${at}/deep/echo`, { method: "POST", body: "hello" });
  expect([await echo.text(), echo.headers.get("x-url")]).toEqual(["hello", at]);
  for (const [name, value] of [
    ["x-content-type-options", "nosniff"],
    ["cache-control", "no-store"],
    ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ] as const) {
    expect(echo.headers.get(name)).toBe(value);
  }
  const threw = await fetch(`${at}/throws`);
  const text = await threw.text();
  expect([threw.status, JSON.parse(text).code]).toEqual([500, "gateway.internal"]);
  expect(text).not.toContain("4711");
  expect((await fetch(`${base()}/identity/else/echo`)).status).toBe(404);
  expect((await fetch(`${base()}/signals/corp/echo`)).status).toBe(404);
});

test("a Host header that makes no address reaches no plugin, and fills no log", async () => {
  gateway = await TestGateway.start({ policy: policy(served, "corp") });
  const from = gateway.stderr.length;
  for (const host of ["a b", "[::", "evil@x/y?z", "a:99999"]) {
    const socket = connect(gateway.port("web"), "127.0.0.1");
    socket.write(`GET /identity/corp/echo HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toStartWith("HTTP/1.1 400");
    socket.destroy();
  }
  const cut = connect(gateway.port("web"), "127.0.0.1");
  cut.write("POST /identity/corp/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
  await once(cut, "connect");
  cut.destroy();
  expect((await fetch(`${base()}/identity/corp/x`)).status).toBe(204);
  expect(gateway.stderr.slice(from)).toBe("");
});

test("who is not accepted gets an id, and the trail has the check", async () => {
  gateway = await TestGateway.start({ policy: policy(served, "corp") });
  const answer = await fetch(`${base()}/identity/corp/refuses`);
  const text = await answer.text();
  expect(answer.status).toBe(401);
  expect(text).not.toContain("signature");
  const [entry] = gateway.entries().flatMap((one) => (one.kind === "login-refused" ? [one] : []));
  expect(entry).toMatchObject({ protocol: "web", check: "identity/corp: the signature is wrong" });
  expect(entry?.remote).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(text).toContain(entry?.id ?? "no id");
});

test("a face ends access, and tells what it sees for the first time", async () => {
  gateway = await TestGateway.start({ policy: policy(served, "corp", "other") });
  const client = await LinesClient.open(gateway.port("lines"), await gateway.token("alice"));
  await client.welcome();
  expect((await fetch(`${base()}/identity/corp/ends?subject=alice`)).status).toBe(204);
  expect(await client.next()).toStartWith("goodbye access.logged-out");
  client.close();
  const first = async (path: string) => (await fetch(`${base()}/identity/${path}/first?key=id-1`)).json();
  expect([await first("corp"), await first("corp"), await first("other")]).toEqual([true, false, true]);
});

test("the address follows the policy: it comes, stays while faces change, moves and goes", async () => {
  gateway = await TestGateway.start({ policy: policy("", "corp") });
  expect(await webs()).toEqual([]);
  let from = gateway.stderr.length;
  const follow = async (text: string) => {
    from = gateway.stderr.length;
    gateway.edit(text);
    await gateway.log(({ msg }) => msg === "the policy was reloaded", from);
    return (await webs())[0];
  };
  const opened = await follow(policy(served, "corp"));
  const status = async (path: string) => (await fetch(`http://127.0.0.1:${opened?.port}${path}`)).status;
  expect(await status("/identity/corp/x")).toBe(204);
  expect(await follow(policy(served, "renamed"))).toEqual(opened);
  expect([await status("/identity/corp/x"), await status("/identity/renamed/x")]).toEqual([404, 204]);
  const moved = await follow(policy('web: { host: "127.0.0.2", port: 0, insecure: true },', "corp"));
  expect(moved?.host).toBe("127.0.0.2");
  await expect(status("/")).rejects.toThrow();
  expect(await follow(policy("", "corp"))).toBeUndefined();
});

test("two faces on one path are refused, and the old policy stays", async () => {
  gateway = await TestGateway.start({ policy: policy(served, "corp") });
  gateway.edit(policy(served, "corp", "corp"));
  await gateway.log(({ msg }) => msg === "the new policy was refused, the old one stays");
  expect(await gateway.get("/v1/policy")).toMatchObject({ error: { code: "web.path" } });
  expect((await fetch(`${base()}/identity/corp/x`)).status).toBe(204);
});

test("says how one signs in, and to callers where they connect", async () => {
  gateway = await TestGateway.start({ policy: policy(served, "corp") });
  const introduction = (await (await fetch(`${base()}/.well-known/postern`)).json()) as Introduction;
  expect(introduction).toEqual({
    version: expect.any(String),
    url: base(),
    login: [{ kind: "gateway", name: "faced", path: "corp" }],
  });
  const headers = { authorization: `Bearer ${await gateway.token("alice")}` };
  const resources = await (await fetch(`${base()}/v1/resources`, { headers })).json();
  expect(resources).toEqual({
    resources: [
      { name: "box", protocol: "lines", host: "127.0.0.1", port: gateway.port("lines"), tls: false },
    ],
  });
});

test("a caller sees what they may answer, and nobody else's operations", async () => {
  gateway = await TestGateway.start({ policy: policy(served, "corp") });
  const client = await LinesClient.open(gateway.port("lines"), await gateway.token("alice"));
  await client.welcome();
  client.say("write secret-note");
  expect(await client.next()).toStartWith("held ");
  const waiting = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(`${base()}/v1/approvals`, { headers });
    return ((await answer.json()) as { approvals: { id: string }[] }).approvals;
  };
  const lea = await gateway.token("lea", "leads");
  const [hold] = await waiting(lea);
  expect(await waiting(await gateway.token("bob"))).toEqual([]);
  expect(await waiting(await gateway.token("alice", "leads"))).toEqual([]);
  const answer = await fetch(`${base()}/v1/approvals/${hold?.id}`, {
    method: "POST",
    headers: { authorization: `Bearer ${lea}` },
    body: JSON.stringify({ approve: true }),
  });
  expect(answer.status).toBe(204);
  expect(await client.next()).toBe("did write secret-note");
  client.close();
});
