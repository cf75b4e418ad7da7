import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:tls";
import { deflateSync } from "node:zlib";
import { dictionary } from "../servers/kubernetes/stream/dictionary.ts";
import { adminToken, KubernetesDoor } from "./kubernetes-door.ts";

/** Issue 6: what breaks the protocols of exec and port-forward costs its own tunnel, and nobody else's. */

let door: KubernetesDoor;
let credential: string;
const exec = "/prod/api/v1/namespaces/default/pods/web/exec?command=cat&stdin=true&stdout=true";

beforeAll(async () => {
  door = await KubernetesDoor.open({
    words: ["person"],
    rules: `{ who: person("alice"), on: "prod", may: "all" }`,
  });
  credential = await door.credential("alice");
  const { url, authority } = door.cluster;
  const made = await fetch(`${url}/api/v1/namespaces/default/pods`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web" },
      spec: { containers: [{ name: "web", image: "x", command: ["sleep", "1000"] }] },
    }),
    tls: { ca: authority.certificate },
  });
  expect(made.status).toBe(201);
}, 30_000);

afterAll(async () => {
  await door.close();
});

/** An upgraded connection by hand. */
class Raw {
  bytes: Buffer = Buffer.alloc(0);
  readonly closed: Promise<void>;
  readonly socket;
  #heard: (() => void)[] = [];

  constructor(fields: readonly string[], target = exec) {
    this.socket = connect({ host: "localhost", port: door.web.port, ca: door.ca, servername: "localhost" });
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    this.socket.on("error", () => {});
    this.socket.on("data", (bytes: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, bytes]);
      for (const heard of this.#heard.splice(0)) heard();
    });
    const method = fields.some((field) => field.startsWith("Sec-")) ? "GET" : "POST";
    const lines = [`${method} ${target} HTTP/1.1`, "Host: localhost", `Authorization: Bearer ${credential}`];
    this.socket.write(`${[...lines, "Connection: Upgrade", ...fields].join("\r\n")}\r\n\r\n`);
  }

  /** Until this has come. */
  async until(text: string): Promise<void> {
    while (!this.bytes.includes(text)) {
      const heard = new Promise<void>((resolve) => this.#heard.push(resolve));
      const closed = await Promise.race([heard, this.closed.then(() => "closed")]);
      if (closed && !this.bytes.includes(text)) throw new Error(`closed behind ${this.bytes}`);
    }
  }
}

const spdyFields = ["Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io"];
const webSocketFields = [
  ...["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
  "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.c2VjcmV0, v4.channel.k8s.io",
];

async function upgraded(fields: readonly string[]): Promise<Raw> {
  const raw = new Raw(fields);
  await raw.until("101 Switching Protocols");
  await raw.until("\r\n\r\n");
  return raw;
}

function control(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(0x8003_0000 + type, 0);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

function open(id: number, headers: Buffer): Buffer {
  const start = Buffer.alloc(10);
  start.writeUInt32BE(id);
  return control(1, Buffer.concat([start, headers]));
}

/** Headers in one block; cut behind its data, as a flush leaves it, is not needed: the end of the stream is one. */
function packed(headers: Buffer): Buffer {
  return deflateSync(headers, { dictionary });
}

function block(name: string, value: string): Buffer {
  const parts = [1, name, value].map((part) => {
    const text = Buffer.from(typeof part === "number" ? "" : part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(typeof part === "number" ? part : text.length);
    return Buffer.concat([length, text]);
  });
  return Buffer.concat(parts);
}

function masked(first: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(first, 0x80 | payload.length, 0, 0, 0, 0), payload]);
}

const attacks: readonly (readonly [string, readonly string[], Buffer, string])[] = [
  ["a bomb of headers", spdyFields, open(1, packed(Buffer.alloc(8_000_000))), "kubernetes.stream"],
  [
    "a stream that no command has",
    spdyFields,
    open(1, packed(block("streamtype", "root"))),
    "kubernetes.stream",
  ],
  ["a control frame without end", spdyFields, Buffer.from("8003000100ffffff", "hex"), "kubernetes.stream"],
  [
    "pings without end",
    spdyFields,
    Buffer.concat(Array.from({ length: 100 }, (_, at) => control(6, Buffer.of(0, 0, 0, at * 2 + 1)))),
    "kubernetes.stream",
  ],
  ["a frame that is not masked", webSocketFields, Buffer.from("820200aa", "hex"), "http.websocket"],
  [
    "a message of the cluster's",
    webSocketFields,
    masked(0x82, Buffer.from("\x01hello")),
    "kubernetes.stream",
  ],
  ["a compressed message", webSocketFields, masked(0xc2, Buffer.from("\x00hello")), "http.websocket"],
];

test.each(attacks)("%s", async (_what, fields, bytes, code) => {
  const bystander = await upgraded(webSocketFields);
  const ended = (which: string) =>
    door.web.entries("outcome").filter(({ outcome }) => outcome.code === which).length;
  const before = ended(code);
  const raw = await upgraded(fields);
  raw.socket.write(bytes);
  await raw.closed;
  await door.web.until("its outcome is written", async () => ended(code) > before);
  bystander.socket.write(masked(0x82, Buffer.from("\x00still here\n")));
  await bystander.until("\x01still here");
  bystander.socket.destroy();
});

test("a caller's token in a subprotocol does not reach the cluster", async () => {
  const raw = await upgraded(webSocketFields);
  raw.socket.destroy();
  const { headers } = door.cluster.received.filter(({ upgrade }) => upgrade).at(-1) ?? { headers: [] };
  expect(headers).toContain("v4.channel.k8s.io");
  expect(headers.join()).not.toContain("bearer.authorization");
});
