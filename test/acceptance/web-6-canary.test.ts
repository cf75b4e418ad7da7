import { afterAll, beforeAll, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { brotliCompressSync, gunzipSync, gzipSync } from "node:zlib";
import { jwtVerify } from "jose";
import { TestCertificates } from "../../core/tls/testing/certificates.ts";
import { Canaries } from "../canary.ts";
import { WebDoor } from "./web-door.ts";

/** Must hold 6: the gateway's credentials stay in the process, whatever a resource makes of its requests. */

const secrets = {
  bearer: "canary-bearer-4f8a/1+x==",
  header: "canary-header-77b1",
  password: 'canary-pa"ss/wörd-0c11',
  client: "canary-client-secret-2d90",
  token: "canary-oauth-token-aa31",
};
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
/** A line in its middle, so that PEM's own words are not looked for. */
const keyLine = pem.split("\n")[1] ?? "";

interface Seen {
  readonly resource: string;
  readonly headers: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
}

const seen: Seen[] = [];
const tokenRequests: { readonly authorization: string; readonly body: string }[] = [];
const servers: Server[] = [];
const resources = ["bearer", "header", "basic", "oauth", "jwt", "mtls", "masked"] as const;
let certificates: TestCertificates;
let door: WebDoor;
let mtlsKey = "";
let securePort = 0;

/** Says all that it was sent, in its head and in its body, in the coding that the path asks for. */
function mirror(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.on("end", () => {
    const { url = "", rawHeaders, trailers, socket } = request;
    seen.push({
      resource: String(request.headers["x-forwarded-prefix"]).slice(1),
      headers: rawHeaders,
      trailers,
    });
    if (url.startsWith("/gone")) return void socket.destroy();
    const body = Buffer.from(JSON.stringify({ headers: rawHeaders, again: rawHeaders.join("\n") }));
    response.statusCode = url.startsWith("/fail") ? 500 : 200;
    response.setHeader("content-type", url.startsWith("/text") ? "text/plain" : "application/json");
    rawHeaders.forEach((value, index) => {
      if (index % 2 === 1) response.setHeader(`x-echo-${index}`, encodeURI(value));
    });
    response.setHeader("x-authorization", request.headers.authorization ?? "none");
    if (url.startsWith("/gzip")) response.setHeader("content-encoding", "gzip").end(gzipSync(body));
    else if (url.startsWith("/br"))
      response.setHeader("content-encoding", "br").end(brotliCompressSync(body));
    else if (url.startsWith("/bytewise")) {
      for (const byte of body) response.write(Buffer.from([byte]));
      response.end();
    } else response.end(body);
  });
}

function tokens(request: IncomingMessage, response: ServerResponse): void {
  let body = "";
  request.on("data", (part: Buffer) => {
    body += part.toString();
  });
  request.on("end", () => {
    tokenRequests.push({ authorization: request.headers.authorization ?? "", body });
    response.setHeader("content-type", "application/json");
    if (request.url === "/no") {
      response.statusCode = 401;
      const told = { error: "invalid_client", error_description: `${secrets.client} is wrong` };
      return void response.end(JSON.stringify(told));
    }
    response.end(JSON.stringify({ access_token: secrets.token, token_type: "Bearer", expires_in: 3600 }));
  });
}

async function listening(serve: RequestListener | Server): Promise<number> {
  const server = typeof serve === "function" ? createServer(serve) : serve;
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  certificates = await TestCertificates.make();
  const own = await certificates.server("127.0.0.1", "localhost");
  const client = await certificates.issue("gateway", { names: ["gateway"], use: "client", days: 30 });
  mtlsKey = readFileSync(client.key, "utf8").split("\n")[1] ?? "";
  const tls = {
    cert: readFileSync(own.cert),
    key: readFileSync(own.key),
    ca: readFileSync(certificates.ca),
    requestCert: true,
    rejectUnauthorized: true,
  };
  const plain = await listening(mirror);
  securePort = await listening(createSecureServer(tls, mirror));
  const token = await listening(tokens);
  const url = `url: "http://127.0.0.1:${plain}"`;
  const oauth = (path: string) =>
    `credential: oauthClient({ tokenUrl: "http://127.0.0.1:${token}${path}", clientId: "postern", clientSecret: env("CLIENT"), scope: "api" })`;
  const jwt = `signedJwt({ key: env("KEY"), algorithm: "ES256", issuer: "https://postern.example.com", audience: "api", claims: { tier: "gold" } })`;
  door = await WebDoor.open({
    plugins: ["approve", "env", "http", "mask", "oauthClient", "signedJwt"],
    words: ["group", "person"],
    resources: `
      bearer: http({ ${url}, credential: env("BEARER") }),
      masked: http({ ${url}, credential: env("BEARER") }),
      header: http({ ${url}, credential: env("HEADER"), login: { header: "X-Api-Key", prefix: "Key " } }),
      basic: http({ ${url}, credential: env("BASIC"), login: "basic" }),
      oauth: http({ ${url}, ${oauth("/token")} }),
      denied: http({ ${url}, ${oauth("/no")} }),
      broken: http({ ${url}, credential: env("BROKEN") }),
      jwt: http({ ${url}, credential: ${jwt} }),
      mtls: http({ url: "https://127.0.0.1:${securePort}", ca: ${JSON.stringify(certificates.ca)}, cert: ${JSON.stringify(client.cert)}, key: ${JSON.stringify(client.key)}, credential: env("BEARER") }),
    `,
    rules: `
      { who: person("alice"), on: "masked", may: ["read"], under: [mask({ answers: ["document", "stream"], detect: ["email"] })] },
      { who: person("alice"), on: "*", may: ["read"] },
      { who: person("alice"), on: "*", may: ["write"], under: [approve({ by: group("leads"), within: "1m" })] },
    `,
    environment: {
      BEARER: secrets.bearer,
      HEADER: secrets.header,
      BASIC: `gateway:${secrets.password}`,
      CLIENT: secrets.client,
      KEY: pem,
      BROKEN: "canary-broken-credential\r\nX-Injected: yes",
    },
  });
}, 60_000);

afterAll(async () => {
  await door?.close();
  for (const server of servers) server.close();
  certificates?.[Symbol.dispose]();
});

/** What follows a head, and the fields that frame it. */
const bodies = {
  POST: ["x", ["Content-Length: 1"]],
  "GET with trailers": [
    "1\r\nx\r\n0\r\nX-Api-Key: forged\r\nX_API_KEY: forged\r\nX-Mine: own\r\nX-Forwarded-For: forged\r\n\r\n",
    ["Transfer-Encoding: chunked"],
  ],
} as const;

/** Every byte of an answer, as it came over the wire; also what its content coding hides. */
async function asked(token: string, path: string, ...more: string[]): Promise<Buffer> {
  const [verb = "GET", ...fields] = more;
  const method = verb === "GET with trailers" ? "GET" : verb;
  const socket = connect(door.port, "127.0.0.1");
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const head = [`Host: a`, `Authorization: Bearer ${token}`, "Connection: close", ...fields];
  const [body, framing] = bodies[verb as keyof typeof bodies] ?? ["", []];
  head.push(...framing);
  socket.write(`${method} ${path} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n${body}`);
  await closed;
  return Buffer.concat(parts);
}

function unzipped(answer: Buffer): Buffer {
  const at = answer.indexOf(Buffer.from([0x1f, 0x8b]));
  if (at < 0) return answer;
  const chunks: Buffer[] = [];
  for (let rest = answer.subarray(answer.indexOf("\r\n\r\n") + 4); rest.length > 0; ) {
    const line = rest.indexOf("\r\n");
    const size = Number.parseInt(rest.subarray(0, line).toString(), 16);
    chunks.push(rest.subarray(line + 2, line + 2 + size));
    if (size === 0) break;
    rest = rest.subarray(line + 4 + size);
  }
  return Buffer.concat([answer, gunzipSync(Buffer.concat(chunks))]);
}

const lastOf = (resource: string) => seen.findLast((each) => each.resource === resource);

test("each way of logging in reaches its resource", async () => {
  const alice = await door.token("alice");
  for (const resource of resources) {
    const answer = await asked(alice, `/${resource}/a`);
    expect([resource, answer.toString().slice(0, 12)]).toEqual([resource, "HTTP/1.1 200"]);
  }
  expect(lastOf("bearer")?.headers).toContain(`Bearer ${secrets.bearer}`);
  expect(lastOf("header")?.headers).toContain(`Key ${secrets.header}`);
  const basic = Buffer.from(`gateway:${secrets.password}`).toString("base64");
  expect(lastOf("basic")?.headers).toContain(`Basic ${basic}`);
  expect(lastOf("oauth")?.headers).toContain(`Bearer ${secrets.token}`);
  // Without the gateway's certificate nobody gets that far.
  const ca = readFileSync(certificates.ca, "utf8");
  const stranger = fetch(`https://127.0.0.1:${securePort}/`, { tls: { ca } }).then(
    () => "answered",
    () => "refused",
  );
  expect([await stranger, lastOf("mtls")?.headers.length]).toEqual(["refused", expect.any(Number)]);
  const shown = lastOf("jwt")?.headers.find((each) => each.startsWith("Bearer ")) ?? "";
  const { payload } = await jwtVerify(shown.slice(7), publicKey, {
    issuer: "https://postern.example.com",
    audience: "api",
  });
  expect(payload).toMatchObject({ sub: "alice", groups: [], tier: "gold" });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
});

test("one token serves all who ask at the same time, and all sessions", async () => {
  const [one, two] = [await door.token("alice"), await door.token("alice", "leads")];
  const before = tokenRequests.length;
  await Promise.all([one, two, one, two].map((token) => asked(token, "/oauth/a")));
  expect([before, tokenRequests.length]).toEqual([1, 1]);
  const [{ authorization, body } = { authorization: "", body: "" }] = tokenRequests;
  // Both parts are written as a form has them (RFC 6749, 2.3.1).
  const shown = Buffer.from(authorization.slice("Basic ".length), "base64").toString();
  expect(decodeURIComponent(shown)).toBe(`postern:${secrets.client}`);
  expect(body).toBe("scope=api&grant_type=client_credentials");
});

test("what a caller says in the gateway's words never reaches a resource", async () => {
  const alice = await door.token("alice");
  const forged = [
    ...["X-Api-Key: forged", "X_Api_Key: forged", "x-api_key: forged", "X.Api.Key: forged"],
    ...["Proxy-Authorization: Basic forged", "X-Forwarded-For: forged", "X_Forwarded_User: forged"],
    ...["X-Forwarded-User: forged", "X-Real-IP: forged", "X_Real_IP: forged", "Forwarded: for=forged"],
    ...["X-HTTP-Method-Override: forged", "X-HTTP-Method: forged", "X_Http_Method_Override: forged"],
    ...["X-Original-URL: /forged", "X-Rewrite-URL: /forged", "Via: 1.1 forged"],
    "Cookie: __Host-postern=forged; a=b; __host-postern=forged",
  ];
  for (const resource of ["header", "bearer", "jwt"]) {
    await asked(alice, `/${resource}/forged`, "GET", ...forged);
    const headers = lastOf(resource)?.headers ?? [];
    const own = headers.filter((each) => /forged/.test(each));
    // The API key is the gateway's own only where it logs in by it.
    expect(own).toEqual(resource === "header" ? [] : ["forged", "forged", "forged", "forged"]);
    expect(headers[headers.indexOf("Cookie") + 1]).toBe("a=b");
    expect(headers.join()).not.toContain(alice);
  }
});

test("nor does it in trailers", async () => {
  const alice = await door.token("alice");
  const answer = await asked(alice, "/header/trailers", "GET with trailers");
  expect(answer.toString()).toStartWith("HTTP/1.1 200");
  expect(lastOf("header")?.trailers).toEqual({ "x-mine": "own" });
});

test("nobody takes the gateway's own field away by naming it in Connection", async () => {
  const alice = await door.token("alice");
  const answer = await asked(alice, "/header/a", "GET", "Connection: X-Api-Key, X-Forwarded-For");
  expect(answer.toString()).toStartWith("HTTP/1.1 200");
  expect(lastOf("header")?.headers).toContain(`Key ${secrets.header}`);
  expect(lastOf("header")?.headers).toContain("X-Forwarded-For");
  const other = await asked(alice, "/bearer/a", "GET", "Connection: Authorization");
  expect(other.toString()).toStartWith("HTTP/1.1 400");
});

test("no byte of a credential is on the caller's wire, in a file, a log or a command line", async () => {
  const canaries = new Canaries(...Object.values(secrets), keyLine, mtlsKey, "canary-broken-credential");
  const [alice, lead] = [await door.token("alice"), await door.token("lee", "leads")];
  const answers: Buffer[] = [];
  for (const resource of resources) {
    for (const path of ["a", "text", "fail", "gzip", "br", "bytewise", "gone"]) {
      answers.push(await asked(alice, `/${resource}/${path}`, "GET", "Accept-Encoding: gzip, br"));
    }
    answers.push(await asked(alice, `/${resource}/a`, "HEAD"), await asked(alice, `/${resource}/a`, "TRACE"));
    answers.push(await asked(alice, `/${resource}/a`, "DELETE"));
    const held = asked(alice, `/${resource}/held`, "POST");
    const id = await door.hold("POST /held");
    expect((await door.answer(id, resource === "bearer" ? "deny" : "approve", lead)).code).toBe(0);
    answers.push(await held);
  }
  for (const resource of ["denied", "broken"]) answers.push(await asked(alice, `/${resource}/a`));
  expect(canaries.inCommandLines()).toEqual([]);
  const jwts = seen.flatMap(({ headers }) => headers.filter((each) => each.startsWith("Bearer eyJ")));
  const minted = new Canaries(...new Set(jwts.map((each) => each.slice("Bearer ".length))));
  expect(jwts.length).toBeGreaterThan(5);
  const { stdout } = await door.postern("audit", "query", "--json");
  const wire = Buffer.concat(answers.map(unzipped));
  // The mirror did repeat them, and the head and what surrounds them is whole.
  expect(wire.toString("latin1")).toContain(`Bearer ${"*".repeat(secrets.bearer.length)}`);
  expect(wire.toString("latin1")).toContain("credential.failed");
  expect(wire.toString("latin1")).toContain("secret.unusable");
  expect(seen.some(({ headers }) => headers.includes("X-Injected"))).toBe(false);
  for (const each of [canaries, minted]) {
    expect(each.inBytes("to the caller", wire)).toEqual([]);
    expect(each.inBytes("audit", Buffer.from(stdout))).toEqual([]);
    expect(each.inBytes("log", Buffer.from(door.logged()))).toEqual([]);
    expect(each.inFiles(door.data)).toEqual([]);
  }
}, 60_000);

test("nor is it in what a crash leaves", async () => {
  const canaries = new Canaries(...Object.values(secrets), keyLine, mtlsKey);
  const dying = door.gateway.processes();
  for (const pid of dying) process.kill(Number(pid), "SIGABRT");
  await door.until("the crashed are gone", async () =>
    dying.every((pid) => !door.gateway.processes().includes(pid)),
  );
  expect(canaries.inBytes("log", Buffer.from(door.logged()))).toEqual([]);
  expect(canaries.inFiles(door.folder)).toEqual([]);
});
