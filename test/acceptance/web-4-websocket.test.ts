import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Server, ServerWebSocket } from "bun";
import { WebDoor } from "./web-door.ts";

/** Issue 6, 4: WebSockets through the gateway, spliced where nobody looks and by the frame where somebody does. */

setDefaultTimeout(30_000);

let door: WebDoor;
let upstream: Server<undefined>;
/** What arrived at the service: upgrades and messages. */
const upgrades: Record<string, string>[] = [];
const arrived: (string | Buffer)[] = [];
const closes: { code: number; reason: string }[] = [];

const longest = 16 * 1024 * 1024;

beforeAll(async () => {
  upstream = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, server) {
      upgrades.push(Object.fromEntries(request.headers));
      return server.upgrade(request) ? undefined : new Response("no upgrade", { status: 400 });
    },
    websocket: {
      maxPayloadLength: longest,
      backpressureLimit: 256 * 1024 * 1024,
      perMessageDeflate: true,
      message: answer,
      close: (_socket, code, reason) => void closes.push({ code, reason }),
    },
  });
  const at = `http({ url: "http://127.0.0.1:${upstream.port}" })`;
  door = await WebDoor.open({
    plugins: ["http", "mask"],
    words: ["person"],
    resources: `plain: ${at}, recorded: ${at}, masked: ${at},
      binaries: http({ url: "http://127.0.0.1:${upstream.port}", opaque: ["application/octet-stream"] })`,
    further: "",
    rules: `
      { who: person("alice"), on: "plain", may: "all" },
      { who: person("alice"), on: "recorded", may: "all", under: [record()] },
      { who: person("alice"), on: ["masked", "binaries"], may: "all", under: [record(), mask({ answers: ["document", "stream"], detect: ["email"] })] },
    `,
  });
});

afterAll(async () => {
  await door.close();
  await upstream.stop(true);
});

/** `say:` is answered with what follows, `close` closes; anything else comes back as it is. */
function answer(socket: ServerWebSocket<undefined>, message: string | Buffer): void {
  arrived.push(message);
  if (typeof message === "string" && message.startsWith("say:")) socket.send(message.slice(4));
  else if (message === "close") socket.close(4001, "mail joe@example.com");
  else if (message === "bytes") socket.send(Buffer.from([0, 1, 2]));
  else socket.send(message);
}

/** A socket through the gateway, and what came of it. */
class Client {
  readonly messages: (string | Buffer)[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly socket: WebSocket;
  #heard: (() => void)[] = [];

  constructor(resource: string, token: string) {
    this.socket = new WebSocket(`ws://127.0.0.1:${door.port}/${resource}/socket`, {
      headers: { authorization: `Bearer ${token}` },
    } as unknown as string[]);
    this.socket.binaryType = "nodebuffer" as BinaryType;
    this.socket.onmessage = ({ data }) => {
      this.messages.push(data as string | Buffer);
      for (const heard of this.#heard.splice(0)) heard();
    };
    this.opened = new Promise((resolve, reject) => {
      this.socket.onopen = () => resolve();
      this.socket.onerror = () => reject(new Error("the upgrade failed"));
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.socket.onclose = ({ code, reason }) => resolve({ code, reason });
    });
  }

  /** What comes next. */
  async next(): Promise<string | Buffer> {
    while (this.messages.length === 0) {
      const heard = new Promise<void>((resolve) => this.#heard.push(resolve));
      const closed = await Promise.race([heard, this.closed]);
      if (closed && this.messages.length === 0) throw new Error(`closed: ${JSON.stringify(closed)}`);
    }
    return this.messages.shift() as string | Buffer;
  }
}

async function connect(resource: string): Promise<Client> {
  const client = new Client(resource, await door.token("alice"));
  await client.opened;
  return client;
}

describe.each(["plain", "recorded", "binaries"])("100 MB and back: %s", (resource) => {
  test("nothing is lost, and it is not kept in memory", async () => {
    const client = await connect(resource);
    const [sent, came] = [createHash("sha256"), createHash("sha256")];
    const piece = randomBytes(1024 * 1024);
    for (let left = 100; left > 0; left--) {
      piece.writeUInt32BE(left);
      sent.update(piece);
      client.socket.send(piece);
      came.update((await client.next()) as Buffer);
    }
    expect(came.digest("hex")).toBe(sent.digest("hex"));
    client.socket.close(1000);
    expect((await client.closed).code).toBe(1000);
    expect(mostMegabytes()).toBeLessThan(700);
  }, 120_000);
});

/** The most memory that any process of the gateway has had (Linux). */
function mostMegabytes(): number {
  const kilobytes = door.gateway.processes().map((pid) => {
    const [, most] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(most);
  });
  return Math.max(...kilobytes) / 1024;
}

test("under a mask, JSON is masked by what it says and text where it stands", async () => {
  const client = await connect("masked");
  client.socket.send('say:{"owner":"j\\u006fe@example.com","n":1}');
  expect(JSON.parse((await client.next()) as string)).toEqual({ owner: "****", n: 1 });
  client.socket.send("say:write to joe@example.com today");
  expect(await client.next()).toBe("write to **** today");
  client.socket.close();
  await client.closed;
});

test("extensions are not offered to the service where frames are read", async () => {
  const client = await connect("masked");
  expect(upgrades.at(-1)?.["sec-websocket-extensions"]).toBeUndefined();
  expect(client.socket.extensions).toBe("");
  client.socket.close();
  await client.closed;
});

test("a binary message is withheld under a mask", async () => {
  const client = await connect("masked");
  client.socket.send("bytes");
  const { code, reason } = await client.closed;
  expect([code, reason]).toEqual([1011, expect.stringContaining("answer.withheld")]);
  expect(client.messages).toEqual([]);
});

test("a close is passed on with its code, and what it says is masked", async () => {
  const client = await connect("masked");
  client.socket.send("close");
  expect(await client.closed).toEqual({ code: 4001, reason: "mail ****" });
});

test("a session that ends says why", async () => {
  const client = await connect("recorded");
  const open = await door.json<{ id: string; resource: string }[]>("sessions", "list");
  const session = open.find(({ resource }) => resource === "recorded")?.id as string;
  expect((await door.postern("sessions", "kill", session)).code).toBe(0);
  const { code, reason } = await client.closed;
  expect([code, reason]).toEqual([1008, expect.stringContaining("session.killed")]);
});

test("what no tunnel can look into is refused before the service sees it", async () => {
  const before = upgrades.length;
  const token = await door.token("alice");
  const ask = (resource: string) =>
    fetch(door.url(`/${resource}/socket`), {
      headers: { authorization: `Bearer ${token}`, connection: "Upgrade", upgrade: "raw" },
    });
  const refused = await ask("recorded");
  expect([refused.status, await refused.json()]).toEqual([
    501,
    expect.objectContaining({ code: "http.upgrade" }),
  ]);
  expect(upgrades.length).toBe(before);
});
