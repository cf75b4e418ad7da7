import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { WebDoor } from "./web-door.ts";

/** Must hold 4, gRPC: HTTP/2 on both sides, by gRPC's own client and server. */

let door: WebDoor;
let server: Server;
let client: Client;
let login: Metadata;
const seen: string[] = [];

const asIs = (value: Buffer): Buffer => value;
const codec = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
};

const unary: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
  seen.push(...call.metadata.get("authorization").map(String));
  const trailer = new Metadata();
  trailer.add("said-at-the-end", "yes");
  if (call.request.toString() === "fail") {
    answer({ code: status.FAILED_PRECONDITION, details: "not today", metadata: trailer });
  } else answer(null, Buffer.from(`echo ${call.request}`), trailer);
};

const counting: handleServerStreamingCall<Buffer, Buffer> = (call) => {
  for (let at = 0; at < Number(call.request); at++) call.write(Buffer.from(String(at)));
  call.end();
};

const echoing: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
  call.on("data", (part: Buffer) => call.write(part));
  call.on("end", () => call.end());
  call.on("cancelled", () => seen.push("cancelled"));
};

beforeAll(async () => {
  server = new Server();
  server.addService(
    {
      unary: { path: "/test.Echo/Unary", requestStream: false, responseStream: false, ...codec },
      counting: { path: "/test.Echo/Counting", requestStream: false, responseStream: true, ...codec },
      echoing: { path: "/test.Echo/Echoing", requestStream: true, responseStream: true, ...codec },
    },
    { unary, counting, echoing },
  );
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  door = await WebDoor.open({
    plugins: ["env", "http"],
    words: ["person"],
    resources: `echo: http({ url: "http://127.0.0.1:${port}", http2: true, credential: env("ECHO_TOKEN") })`,
    rules: `{ who: person("alice"), on: "echo", may: "all" }`,
    listener: `insecure: true, resource: "echo"`,
    environment: { ECHO_TOKEN: "canary-echo-token" },
  });
  login = new Metadata();
  login.add("authorization", `Bearer ${await door.token("alice")}`);
  client = new Client(`127.0.0.1:${door.port}`, credentials.createInsecure());
});

afterAll(async () => {
  client.close();
  await door.close();
  server.forceShutdown();
});

function call(
  text: string,
  metadata = login,
): Promise<{ answer?: string; error?: ServiceError; trailer?: Metadata }> {
  return new Promise((resolve) => {
    let trailer: Metadata | undefined;
    let result: { answer?: string; error?: ServiceError } = {};
    client
      .makeUnaryRequest("/test.Echo/Unary", asIs, asIs, Buffer.from(text), metadata, (error, value) => {
        result = { ...(error ? { error } : {}), ...(value ? { answer: value.toString() } : {}) };
      })
      .on("status", (end) => {
        trailer = end.metadata;
        resolve({ ...result, trailer });
      });
  });
}

test("a unary call, its answer, its trailers, under the gateway's own credential", async () => {
  const { answer, trailer } = await call("hello");
  expect([answer, trailer?.get("said-at-the-end")]).toEqual(["echo hello", ["yes"]]);
  expect(seen).toContain("Bearer canary-echo-token");
});

test("an error is the server's own, with its words and trailers", async () => {
  const { error, trailer } = await call("fail");
  expect([error?.code, error?.details]).toEqual([status.FAILED_PRECONDITION, "not today"]);
  expect(trailer?.get("said-at-the-end")).toEqual(["yes"]);
});

test("who shows nothing is refused in gRPC's terms", async () => {
  expect((await call("hello", new Metadata())).error?.code).toBe(status.UNAUTHENTICATED);
});

test("a stream of answers", async () => {
  const got: string[] = [];
  const stream = client.makeServerStreamRequest(
    "/test.Echo/Counting",
    asIs,
    asIs,
    Buffer.from("1000"),
    login,
  );
  for await (const part of stream) got.push(String(part));
  expect([got.length, got.at(-1)]).toEqual([1000, "999"]);
});

test("both ways at once, a message at a time and a large one", async () => {
  const stream = client.makeBidiStreamRequest("/test.Echo/Echoing", asIs, asIs, login);
  const answers = stream[Symbol.asyncIterator]();
  for (const text of ["one", "two", "x".repeat(1_000_000)]) {
    stream.write(Buffer.from(text));
    expect(String((await answers.next()).value)).toBe(text);
  }
  stream.end();
  expect((await answers.next()).done).toBe(true);
});

test("a call that is given up is given up at the server, too", async () => {
  const stream = client.makeBidiStreamRequest("/test.Echo/Echoing", asIs, asIs, login);
  stream.on("error", () => {});
  stream.write(Buffer.from("one"));
  await new Promise((resolve) => stream.once("data", resolve));
  stream.cancel();
  await door.until("the server hears of it", async () => seen.includes("cancelled"));
});

test("three hundred calls at once", async () => {
  const all = await Promise.all(Array.from({ length: 300 }, (_, at) => call(String(at))));
  expect(all.map(({ answer }) => answer)).toEqual(all.map((_, at) => `echo ${at}`));
}, 20_000);
