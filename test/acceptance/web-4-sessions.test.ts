import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { HttpClient } from "../../plugins/http/testing/client.ts";
import { WebDoor } from "./web-door.ts";
import { WebUpstream } from "./web-upstream.ts";

/** Must hold 4: what ends a session ends all that is under way for it, within a second, and what comes next is decided anew. */

let upstream: WebUpstream;
let door: WebDoor;
const clients: HttpClient[] = [];

async function open(more = ""): Promise<WebDoor> {
  return await WebDoor.open({
    plugins: ["approve", "http"],
    words: ["group", "person"],
    resources: `api: http({ url: "http://127.0.0.1:${upstream.port}", timeout: "30s" })`,
    rules: `
      { name: "reads", who: group("staff"), on: "api", may: ["read", "write"] },
      { name: "deletes", who: group("staff"), on: "api", may: ["delete"], under: [approve({ by: group("leads"), within: "10m" })] },
    `,
    further: `workers: 2, ${more}`,
  });
}

beforeAll(async () => {
  upstream = await WebUpstream.start();
  door = await open();
}, 60_000);
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await door?.close();
  upstream?.stop();
});

async function connect(token: string, at: WebDoor = door): Promise<HttpClient> {
  const client = await HttpClient.open(at.port, "api", token);
  clients.push(client);
  return client;
}

interface State {
  readonly name: string;
  /** Brings a caller there; resolves once the gateway has it there. */
  enter(client: HttpClient, at: WebDoor): Promise<void>;
  /** What the caller reads at the end: a refusal, or a connection that broke off in the answer; idle: nothing. */
  readonly ends: "refused" | "cut" | "idle";
}

const states: readonly State[] = [
  {
    name: "waits for a person",
    ends: "refused",
    async enter(client, at) {
      client.send(`DELETE /held/${client.token.slice(-8)}`);
      await at.hold(client.token.slice(-8));
    },
  },
  {
    name: "waits for the resource",
    ends: "refused",
    async enter(client) {
      const held = upstream.held();
      client.send("GET /held");
      await held;
    },
  },
  {
    name: "uploads",
    ends: "refused",
    async enter(client) {
      const held = upstream.held();
      client.raw.send(
        `PUT /api/held HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${client.token}\r\nContent-Length: 1000000\r\n\r\nsome`,
      );
      (await held).request.resume();
    },
  },
  {
    name: "reads a stream",
    ends: "cut",
    async enter(client) {
      const held = upstream.held();
      client.send("GET /held");
      const { response } = await held;
      response.setHeader("content-type", "text/event-stream");
      response.write("data: one\n\n");
      await client.raw.until("data: one");
    },
  },
  {
    name: "rests on its connection",
    ends: "idle",
    async enter(client) {
      expect((await client.request("GET /")).status).toBe(200);
    },
  },
];

/** All of them at once, as one identity: they are of one session for each worker that has some. */
async function allIn(subject: string, at: WebDoor = door): Promise<{ token: string; reached: HttpClient[] }> {
  const token = await at.token(subject, "staff");
  const reached = [];
  for (const state of states) {
    const client = await connect(token, at);
    await state.enter(client, at);
    reached.push(client);
  }
  return { token, reached };
}

async function toldOf(reached: readonly HttpClient[], code: string): Promise<void> {
  for (const [index, client] of reached.entries()) {
    const state = states[index] as State;
    if (state.ends === "refused") {
      const { body } = await client.answer();
      expect({ state: state.name, code: JSON.parse(body).code }).toEqual({ state: state.name, code });
    } else if (state.ends === "cut") expect(await client.raw.end()).not.toEndWith("0\r\n\r\n");
  }
}

function sessionsOf(subject: string, at: WebDoor = door): string[] {
  const mine = at.entries("open").filter(({ identity }) => identity.subject === subject);
  return mine.map(({ session }) => session);
}

async function allClosed(subject: string, code: string, at: WebDoor = door): Promise<void> {
  const sessions = sessionsOf(subject, at);
  const closes = () => at.entries("close").filter(({ session }) => sessions.includes(session));
  await at.until("the sessions are closed", async () => closes().length === sessions.length);
  expect(new Set(closes().map(({ reason }) => reason.code))).toEqual(new Set([code]));
  await at.until("nothing is open at the resource", async () => upstream.open === 0);
  const operations = at.entries("operation").filter(({ session }) => sessions.includes(session));
  const outcomes = at.entries("outcome").filter(({ session }) => sessions.includes(session));
  expect(outcomes.map(({ op }) => op).toSorted()).toEqual(operations.map(({ seq }) => seq).toSorted());
}

describe("two workers", () => {
  test("sessions kill: told or cut, and the next request on the same connection is of a new session", async () => {
    const { reached } = await allIn("kim");
    for (const session of sessionsOf("kim")) {
      expect((await door.postern("sessions", "kill", session)).code).toBe(0);
    }
    await toldOf(reached, "session.killed");
    await allClosed("kim", "session.killed");
    const before = sessionsOf("kim").length;
    const resting = reached.at(-1) as HttpClient;
    expect((await resting.request("GET /")).status).toBe(200);
    expect(sessionsOf("kim").length).toBe(before + 1);
  }, 30_000);

  test("revoke: told or cut, and the next request on the same connection is refused", async () => {
    const { reached } = await allIn("rhea");
    const { code, stderr } = await door.postern("revoke", "rhea");
    expect({ code, stderr }).toMatchObject({ code: 0 });
    await toldOf(reached, "access.revoked");
    await allClosed("rhea", "access.revoked");
    const { status, body } = await (reached.at(-1) as HttpClient).request("GET /");
    expect([status, JSON.parse(body).code]).toEqual([401, "identity.refused"]);
  }, 30_000);

  test("a policy that no longer allows: told or cut, and the next request on the same connection is refused", async () => {
    const { reached } = await allIn("paul");
    const path = door.gateway.policy;
    const was = readFileSync(path, "utf8");
    writeFileSync(path, was.replaceAll('group("staff")', 'group("others")'));
    await toldOf(reached, "policy.withdrawn");
    await allClosed("paul", "policy.withdrawn");
    const { status, body } = await (reached.at(-1) as HttpClient).request("GET /");
    expect([status, JSON.parse(body).code]).toEqual([403, "policy.no-rule"]);
    writeFileSync(path, was);
    const again = await connect(await door.token("paul", "staff"));
    await door.until("the old policy is back", async () => (await again.request("GET /")).status === 200);
  }, 30_000);

  test("a reload that leads elsewhere counts from the next request on; what is under way goes on", async () => {
    const other = await WebUpstream.start();
    const path = door.gateway.policy;
    const was = readFileSync(path, "utf8");
    const client = await connect(await door.token("rita", "staff"));
    const held = upstream.held();
    client.send("GET /held");
    const seen = await held;
    writeFileSync(path, was.replace(`127.0.0.1:${upstream.port}`, `127.0.0.1:${other.port}`));
    const next = await connect(client.token);
    await door.until("requests go elsewhere", async () => {
      await next.request("GET /");
      return other.requests > 0;
    });
    seen.response.end("still here");
    expect((await client.answer()).body).toBe("still here");
    const before = other.requests;
    expect((await client.request("GET /")).status).toBe(200);
    expect(other.requests).toBe(before + 1);
    writeFileSync(path, was);
    await door.until("the old policy is back", async () => {
      const requests = upstream.requests;
      await next.request("GET /");
      return upstream.requests > requests;
    });
    other.stop();
  }, 30_000);

  test("sessions list and show know them; replay shows what was asked", async () => {
    const client = await connect(await door.token("lisa", "staff"));
    await client.request("GET /");
    const [session = ""] = sessionsOf("lisa");
    const listed = await door.json<{ id: string; resource: string; protocol: string }[]>("sessions", "list");
    expect(listed.find(({ id }) => id === session)).toMatchObject({ resource: "api", protocol: "http" });
    expect((await door.postern("sessions", "show", session)).stdout).toContain("GET /");
  }, 30_000);
});

test("SIGTERM: what does not end in its grace is told so", async () => {
  const own = await open();
  try {
    const { reached } = await allIn("sam", own);
    process.kill(own.gateway.pid ?? 0, "SIGTERM");
    await own.until("it stops", async () => own.logged().includes('"msg":"stopping"'));
    const last = reached.at(-1) as HttpClient;
    let answer = await last.request("GET /");
    await own.until("its worker knows", async () => {
      if (answer.status === 200) answer = await last.request("GET /");
      return answer.status !== 200;
    });
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([503, "gateway.stopping"]);
    await toldOf(reached, "gateway.stopping");
    for (const client of reached) await client.raw.end();
    await own.until("all of it is gone", async () => own.gateway.processes().length === 0);
    const closed = own.entries("close").map(({ session }) => session);
    expect(closed.toSorted()).toEqual(sessionsOf("sam", own).toSorted());
    await own.until("nothing is open at the resource", async () => upstream.open === 0);
  } finally {
    await own.close();
  }
}, 60_000);

test("limits.requestIdle ends a session that rests, and nothing of it stays at the resource", async () => {
  const own = await open('limits: { requestIdle: "300ms" },');
  try {
    const client = await connect(await own.token("ida", "staff"), own);
    await client.request("GET /");
    await allClosed("ida", "session.idle", own);
    expect((await client.request("GET /")).status).toBe(200);
    expect(sessionsOf("ida", own).length).toBe(2);
  } finally {
    await own.close();
  }
}, 60_000);
