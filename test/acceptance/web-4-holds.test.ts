import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { WebDoor } from "./web-door.ts";

/** A request that waits for a person: in silence, unless it says what it would rather have. */

let door: WebDoor;
let upstream: Server;
const seen: string[] = [];

beforeAll(async () => {
  upstream = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      seen.push(`${request.method} ${request.url} ${Buffer.concat(parts).toString()}`);
      response.setHeader("content-type", "application/json");
      if (request.url === "/long") return void response.end(JSON.stringify("x".repeat(5 << 20)));
      response.statusCode = 201;
      response.end(JSON.stringify({ owner: "joe@example.com", id: 7 }));
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  door = await WebDoor.open({
    plugins: ["approve", "env", "http", "mask"],
    words: ["group", "anyone"],
    resources: `
      api: http({ url: "http://127.0.0.1:${port}", credential: env("API_TOKEN") }),
      other: http({ url: "http://127.0.0.1:${port}" }),
    `,
    rules: `
      { who: anyone, on: "*", may: ["read"] },
      { who: anyone, on: "*", may: ["write"], under: [
        approve({ by: group("leads"), within: "1m" }),
        mask({ answers: ["document", "stream"], detect: ["email"] }),
      ] },
    `,
    environment: { API_TOKEN: "canary-api-token" },
  });
}, 60_000);

afterAll(async () => {
  await door.close();
  upstream.close();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function sendAsync(token: string, path: string, body = "x"): Promise<string> {
  const answer = await fetch(door.url(`/api${path}`), {
    method: "POST",
    headers: { ...bearer(token), prefer: "respond-async, wait=5" },
    body,
  });
  expect([answer.status, answer.headers.get("preference-applied")]).toEqual([202, "respond-async"]);
  const told = (await answer.json()) as { hold: string; notice: string };
  expect(told).toMatchObject({ status: "waiting", hold: expect.stringMatching(/^hold_/) });
  return answer.headers.get("location") ?? "";
}

const look = (token: string, location: string, method = "GET") =>
  fetch(door.url(location), { method, headers: bearer(token) });

/** The first answer that is not "it waits". */
async function answered(token: string, location: string): Promise<Response> {
  let found: Response | undefined;
  await door.until(`${location} is answered`, async () => {
    found = await look(token, location);
    return found.status !== 202;
  });
  return found as Response;
}

test("who would rather not wait is told where to look, and finds the answer there, masked, once", async () => {
  const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
  const location = await sendAsync(alice, "/notes", "remember the milk");
  expect(location).toStartWith("/api/.postern/pending/");
  const waits = await look(alice, location);
  expect([waits.status, waits.headers.get("retry-after")]).toEqual([202, "5"]);
  expect(waits.headers.get("location")).toBe(location);
  expect(seen.some((each) => each.includes("milk"))).toBe(false);
  expect((await door.answer(await door.hold("POST /notes"), "approve", lead)).code).toBe(0);
  const answer = await answered(alice, location);
  expect([answer.status, await answer.json()]).toEqual([201, { owner: "****", id: 7 }]);
  expect(seen.filter((each) => each === "POST /notes remember the milk").length).toBe(1);
  expect((await look(alice, location)).status).toBe(404);
});

test("a refusal is found there, too", async () => {
  const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
  const location = await sendAsync(alice, "/refused");
  await door.answer(await door.hold("POST /refused"), "deny", lead);
  const answer = await answered(alice, location);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, "hold.denied"]);
  expect(seen.some((each) => each.includes("/refused"))).toBe(false);
});

test("nobody else finds it, nor does its owner elsewhere", async () => {
  const [alice, eve] = [await door.token("alice"), await door.token("eve")];
  const location = await sendAsync(alice, "/mine");
  const tries = [
    await look(eve, location),
    await look(eve, location, "DELETE"),
    await look(alice, location.replace("/api/", "/other/")),
    await look(alice, `${location}x`),
    await look(alice, "/api/.postern/pending/x"),
  ];
  expect(tries.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
  expect((await look(alice, location, "POST")).status).toBe(405);
  expect((await fetch(door.url(location))).status).toBe(401);
  expect((await look(alice, location)).status).toBe(202);
  const [, , , , id = ""] = location.split("/");
  const other = await look(alice, location.replace(id.slice(0, 8), "00000000"));
  expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([
    421,
    "http.pending-elsewhere",
  ]);
});

test("its owner withdraws it, and nobody can approve it then", async () => {
  const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
  const location = await sendAsync(alice, "/withdrawn");
  const hold = await door.hold("POST /withdrawn");
  expect((await look(alice, location, "DELETE")).status).toBe(204);
  expect((await look(alice, location)).status).toBe(404);
  expect((await door.answer(hold, "approve", lead)).code).not.toBe(0);
  expect(seen.some((each) => each.includes("/withdrawn"))).toBe(false);
});

test("an answer that is too long to keep is not kept", async () => {
  const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
  const location = await sendAsync(alice, "/long");
  await door.answer(await door.hold("POST /long"), "approve", lead);
  const answer = await answered(alice, location);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
    502,
    "http.pending-long",
  ]);
});

test("one identity has so many at most; the next one waits on its connection", async () => {
  const carl = await door.token("carl");
  const places: string[] = [];
  for (let at = 0; at < 16; at++) places.push(await sendAsync(carl, `/many-${at}`));
  const gone = new AbortController();
  const next = fetch(door.url("/api/one-more"), {
    method: "POST",
    headers: { ...bearer(carl), prefer: "respond-async" },
    body: "x",
    signal: gone.signal,
  }).then(
    () => "answered",
    () => "gone",
  );
  await door.hold("POST /one-more");
  gone.abort();
  expect(await next).toBe("gone");
  for (const place of places) expect((await look(carl, place, "DELETE")).status).toBe(204);
});

test("it dies with its session", async () => {
  const dora = await door.token("dora");
  const location = await sendAsync(dora, "/session");
  const sessions = await door.json<{ id: string; identity: { subject: string } }[]>("sessions", "list");
  const own = sessions.find(({ identity }) => identity.subject === "dora");
  expect((await door.postern("sessions", "kill", own?.id ?? "none")).code).toBe(0);
  await door.until("it is gone", async () => (await look(dora, location)).status === 404);
  await door.until("its hold is abandoned", async () => {
    const waiting = await door.json<{ text: string }[]>("approvals", "list");
    return !waiting.some(({ text }) => text.includes("/session"));
  });
});

/** All that comes over a connection up to the end of an answer's head. */
function raw(token: string, ...fields: string[]): { socket: Socket; until(mark: string): Promise<string> } {
  const socket = connect(door.port, "127.0.0.1");
  let text = "";
  let check = () => {};
  socket.on("data", (part: Buffer) => {
    text += part.toString();
    check();
  });
  const head = ["Host: a", `Authorization: Bearer ${token}`, "Content-Length: 1", ...fields];
  socket.write(`POST /api/raw HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\nx`);
  const until = (mark: string) =>
    new Promise<string>((resolve) => {
      check = () => {
        if (text.includes(mark)) resolve(text);
      };
      check();
    });
  return { socket, until };
}

test("102 where it was asked for, and silence where not", async () => {
  const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
  const asked = raw(alice, "Prefer: processing");
  expect(await asked.until("102 Processing")).toStartWith("HTTP/1.1 102 Processing\r\n");
  await door.answer(await door.hold("POST /raw"), "approve", lead);
  expect(await asked.until('"id":7')).toContain("HTTP/1.1 201");
  asked.socket.destroy();
  const silent = raw(alice);
  await door.answer(await door.hold("POST /raw"), "approve", lead);
  expect(await silent.until('"id":7')).toStartWith("HTTP/1.1 201");
  silent.socket.destroy();
});
