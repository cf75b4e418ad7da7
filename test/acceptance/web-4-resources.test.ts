import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { HttpClient } from "../../plugins/http/testing/client.ts";
import { WebDoor } from "./web-door.ts";

/** What a resource that misbehaves costs: the request that it was asked, and nobody else. */

type Behaviour = (socket: Socket, nth: number) => void;

let server: Server;
let door: WebDoor;
let token: string;
let behave: Behaviour;
/** Requests of the current test, on all connections. */
let asked: string[] = [];
const sockets = new Set<Socket>();
const clients: HttpClient[] = [];

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    let nth = 0;
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      const [line = ""] = text.split("\r\n");
      text = "";
      asked.push(line);
      if (line.includes("/fine")) socket.write(fine);
      else behave(socket, nth++);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  door = await WebDoor.open({
    plugins: ["http"],
    words: ["person"],
    resources: `api: http({ url: "http://127.0.0.1:${port}", timeout: "500ms", routes: [{ method: "GET", path: "/fire", effect: "write" }] })`,
    rules: '{ who: person("alice"), on: "api", may: ["read", "write"] }',
    further: "workers: 1,",
  });
  token = await door.token("alice");
}, 60_000);
afterEach(() => {
  asked = [];
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await door?.close();
  for (const socket of sockets) socket.destroy();
  server?.close();
});

async function connect(): Promise<HttpClient> {
  const client = await HttpClient.open(door.port, "api", token);
  clients.push(client);
  return client;
}

/** Another caller's is answered, and the session is still the one it was. */
async function othersAreServed(): Promise<void> {
  expect((await (await connect()).request("GET /fine")).body).toBe("fine");
  expect(door.entries("open").length).toBe(1);
  expect(door.entries("close").length).toBe(0);
}

const head = "HTTP/1.1 200 OK\r\n";

/** Before a whole head has come, the caller is told. */
const refused: readonly (readonly [string, Behaviour, number, string])[] = [
  ["closes without a word", (socket) => socket.destroy(), 502, "wire.closed"],
  ["closes in the head", (socket) => socket.end(`${head}Content-`), 502, "wire.closed"],
  ["says what is no HTTP", (socket) => socket.write("SSH-2.0-OpenSSH\r\n\r\n"), 502, "http.answer"],
  ["says nothing", () => {}, 504, "resource.timeout"],
  ["begins a head and says nothing more", (socket) => socket.write(head), 504, "resource.timeout"],
  [
    "gives two lengths",
    (socket) => socket.write(`${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`),
    502,
    "http.answer",
  ],
  ["sends fields without end", (socket) => endless(socket, head, "x-more: and more\r\n"), 502, "http.answer"],
  [
    "puts its answer off without end",
    (socket) => endless(socket, "", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    502,
    "http.answer",
  ],
];

function endless(socket: Socket, first: string, again: string): void {
  socket.write(first);
  const more = () => {
    while (!socket.destroyed && socket.write(again.repeat(100)));
  };
  socket.on("drain", more);
  more();
}

for (const [what, how, status, code] of refused) {
  test(`a resource that ${what}: ${status}`, async () => {
    behave = how;
    const client = await connect();
    let answer = await client.request("POST /act\n{}");
    while (answer.status === 103) answer = await client.answer();
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([status, code]);
    expect(asked.filter((line) => line.startsWith("POST"))).toHaveLength(1);
    await othersAreServed();
  });
}

test("a resource that closes in the body: the caller sees it break off", async () => {
  behave = (socket) => socket.end(`${head}Content-Length: 100\r\n\r\nsome`);
  const client = await connect();
  client.send("GET /part");
  expect(await client.raw.end()).toEndWith("some");
  await othersAreServed();
});

test("a resource that says more than its length: nobody is shown the rest", async () => {
  behave = (socket) =>
    socket.write(`${head}Content-Length: 4\r\n\r\nfineHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
  const client = await connect();
  expect((await client.request("GET /more")).body).toBe("fine");
  expect((await client.request("GET /fine")).body).toBe("fine");
  expect((await client.request("GET /fine")).body).toBe("fine");
  await othersAreServed();
});

/** The first request of a connection is answered, the second one finds it closed. */
const dyingWhileIdle: Behaviour = (socket, nth) => {
  if (nth === 0 && asked.length === 1) socket.write(fine);
  else if (asked.length === 2) socket.destroy();
  else socket.write(fine);
};

test("a kept connection that dies at the next request: what only looks is sent again", async () => {
  behave = dyingWhileIdle;
  const client = await connect();
  await client.request("GET /one");
  expect((await client.request("GET /two")).body).toBe("fine");
  expect(asked.map((line) => line.split(" ")[1])).toEqual(["/one", "/two", "/two"]);
});

for (const text of ["POST /two", "POST /two\n{}", "GET /fire"]) {
  test(`a kept connection that dies at the next request: ${JSON.stringify(text)} is never sent twice`, async () => {
    behave = dyingWhileIdle;
    const client = await connect();
    await client.request("GET /one");
    const { status, body } = await client.request(text);
    expect([status, JSON.parse(body).code]).toEqual([502, "wire.closed"]);
    expect(asked).toHaveLength(2);
    await door.until("its outcome is unknown", async () =>
      door.entries("outcome").some(({ outcome }) => outcome.result === "unknown"),
    );
  });
}

test("a stream that is silent behind its head lasts longer than the time for the head", async () => {
  let stream: Socket | undefined;
  behave = (socket) => {
    stream = socket;
    socket.write(`${head}Content-Type: text/event-stream\r\n\r\n`);
  };
  const client = await connect();
  client.send("GET /stream");
  await client.raw.until("\r\n\r\n");
  await Bun.sleep(1_000);
  stream?.end("data: late\n\n");
  expect(await client.raw.until("0\r\n\r\n")).toContain("data: late");
});
