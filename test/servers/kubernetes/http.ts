import type { X509Certificate } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { answer, authorize, resourceOf } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { authenticate, headerValues, impersonated, type User } from "./identity.ts";
import { written } from "./media.ts";
import type { Request } from "./request.ts";
import { ApiError, badRequest, PlainError } from "./status.ts";
import { sendLog } from "./stream/logs.ts";
import type { Pipe } from "./stream/pipe.ts";
import { acceptOf, WebSocketEnd } from "./stream/websocket.ts";
import { targetOf } from "./target.ts";
import { podOf, upgradeOf } from "./upgrade.ts";
import { watch } from "./watch.ts";

/** Bodies larger than this are refused, as etcd's limit makes the real server do. */
const largest = 3 * 1024 * 1024;

/** A request with who it is from. */
export interface Caller {
  readonly cluster: Cluster;
  readonly certificate: X509Certificate | undefined;
}

export function userOf(message: IncomingMessage, { cluster, certificate }: Caller): User {
  const caller = authenticate(message.rawHeaders, certificate, cluster.user);
  return impersonated(message.rawHeaders, caller, cluster.authorizer);
}

/** Answers a request whose body is read. */
export function respond(
  message: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  caller: Caller,
): void {
  const header = (name: string) => headerValues(message.rawHeaders, name)[0] ?? "";
  const accept = headerValues(message.rawHeaders, "accept").join(", ");
  const agent = header("user-agent");
  try {
    const user = userOf(message, caller);
    if (body.length > largest)
      throw new ApiError(413, `Request entity too large: limit is ${largest}`, "RequestEntityTooLarge", {});
    const request = requestOf(message, body, caller.cluster, user);
    if (request && stream(request, response)) return;
    const incoming = {
      method: message.method ?? "GET",
      url: message.url ?? "/",
      accept,
      contentType: header("content-type"),
      agent,
      ifNoneMatch: header("if-none-match"),
      body,
    };
    const { code, type, body: bytes, headers } = answer(caller.cluster, user, incoming);
    end(response, code, type, bytes, headers);
  } catch (error) {
    refuse(response, error, accept, agent);
  }
}

function end(
  response: ServerResponse,
  code: number,
  type: string,
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(body);
  response.writeHead(code, {
    "Cache-Control": "no-cache, private",
    ...(type === "" ? {} : { "Content-Type": type }),
    "Content-Length": String(bytes.length),
    ...headers,
  });
  response.end(bytes);
}

/** The bytes of an error, in a form that was asked for if it can be. */
function errorBody(
  error: unknown,
  accept: string,
  agent: string,
): { code: number; type: string; body: Buffer } {
  if (error instanceof PlainError)
    return { code: error.code, type: "text/plain; charset=utf-8", body: Buffer.from(error.text) };
  const known =
    error instanceof ApiError
      ? error
      : new ApiError(500, `Internal error occurred: ${String(error)}`, "InternalError");
  const format =
    accept.startsWith("application/vnd.kubernetes.protobuf") && known.code !== 406 ? "protobuf" : "json";
  return {
    code: known.code,
    ...written(known.status, { format, pretty: /^(curl|Wget|Mozilla\/5\.0)/.test(agent) }),
  };
}

function refuse(response: ServerResponse, error: unknown, accept: string, agent: string): void {
  const { code, type, body } = errorBody(error, accept, agent);
  end(response, code, type, body);
}

/** The request as one to a resource; undefined where it is to another path. */
function requestOf(
  message: IncomingMessage,
  body: Buffer,
  cluster: Cluster,
  user: User,
): Request | undefined {
  const method = message.method ?? "GET";
  const target = targetOf(method, message.url ?? "/");
  if (!target.isResource || !cluster.resources.find(target.group, target.version, target.resource))
    return undefined;
  const header = (name: string) => headerValues(message.rawHeaders, name)[0] ?? "";
  return {
    cluster,
    user,
    method,
    target,
    resource: resourceOf(cluster, target),
    accept: headerValues(message.rawHeaders, "accept").join(", "),
    contentType: header("content-type"),
    agent: header("user-agent"),
    body,
  };
}

const upgrading = new Set(["exec", "attach", "portforward"]);

/** Watches and logs: answered as they go. False where the request is neither. */
function stream(request: Request, response: ServerResponse): boolean {
  const { cluster, target, user } = request;
  if (target.subresource !== "" && upgrading.has(target.subresource) && target.resource === "pods") {
    authorize(cluster, user, target);
    podOf(cluster, request);
    throw badRequest("Upgrade request required");
  }
  if (target.resource === "pods" && target.subresource === "log") {
    authorize(cluster, user, target);
    log(request, response);
    return true;
  }
  if (target.verb !== "watch" || !request.resource.verbs.includes("watch")) return false;
  authorize(cluster, user, target);
  const { type, start } = watch(request);
  response.writeHead(200, { "Cache-Control": "no-cache, private", "Content-Type": type });
  response.flushHeaders();
  const stop = start({ send: (event) => void response.write(event), end: () => response.end() });
  response.on("close", stop);
  return true;
}

function log(request: Request, response: ServerResponse): void {
  const { query } = request.target;
  const { container } = podOf(request.cluster, request);
  const number = (name: string) => (query.get(name) === null ? undefined : Number(query.get(name)));
  const flag = (name: string) => ["true", "1"].includes(query.get(name) ?? "");
  response.writeHead(200, { "Cache-Control": "no-cache, private", "Content-Type": "text/plain" });
  response.flushHeaders();
  const stop = sendLog(
    container,
    {
      follow: flag("follow"),
      timestamps: flag("timestamps"),
      tail: number("tailLines"),
      limitBytes: number("limitBytes"),
    },
    (text) => void response.write(text),
    () => void response.end(),
  );
  response.on("close", stop);
}

/** An upgrade, after which the connection is no longer HTTP. Refusals are ordinary answers. */
export function upgrade(message: IncomingMessage, pipe: Pipe, caller: Caller): void {
  const header = (name: string) => headerValues(message.rawHeaders, name)[0] ?? "";
  const say = (line: string, headers: readonly string[], body: Uint8Array = new Uint8Array()) =>
    pipe.write(
      Buffer.concat([
        Buffer.from(`HTTP/1.1 ${line}\r\n${headers.map((one) => `${one}\r\n`).join("")}\r\n`),
        body,
      ]),
    );
  try {
    const user = userOf(message, caller);
    const request = requestOf(message, Buffer.alloc(0), caller.cluster, user);
    if (!request) throw badRequest("nothing to upgrade to");
    authorize(caller.cluster, user, request.target);
    const kind = header("upgrade").toLowerCase();
    const offered = headerValues(
      message.rawHeaders,
      kind === "websocket" ? "sec-websocket-protocol" : "x-stream-protocol-version",
    )
      .flatMap((value) => value.split(",").map((one) => one.trim()))
      .filter((one) => !one.startsWith("base64url.bearer."));
    if (request.target.verb === "watch")
      return watchOver(pipe, request, offered, header("sec-websocket-key"), say);
    const result = upgradeOf(request, kind, offered, header("sec-websocket-key"));
    if (result === "bad protocol") {
      say(
        kind === "websocket" ? "400 Bad Request" : "403 Forbidden",
        ["Connection: close", "Content-Length: 12"],
        Buffer.from("bad protocol"),
      );
      return pipe.end();
    }
    say("101 Switching Protocols", result.headers);
    result.start(pipe);
  } catch (error) {
    const { code, type, body } = errorBody(error, "", header("user-agent"));
    say(
      `${code} Refused`,
      [
        "Cache-Control: no-cache, private",
        `Content-Type: ${type}`,
        `Content-Length: ${body.length}`,
        "Connection: close",
      ],
      body,
    );
    pipe.end();
  }
}

function watchOver(
  pipe: Pipe,
  request: Request,
  offered: readonly string[],
  key: string,
  say: (line: string, headers: readonly string[]) => void,
): void {
  const { start } = watch(request);
  const base64 = offered.includes("base64.binary.k8s.io");
  say("101 Switching Protocols", [
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    ...(base64 ? ["Sec-WebSocket-Protocol: base64.binary.k8s.io"] : []),
  ]);
  let stop: () => void = () => undefined;
  const socket = new WebSocketEnd(pipe, { message: () => undefined, close: () => stop() });
  stop = start({
    send: (event) => socket.send(base64 ? Buffer.from(event.toString("base64")) : event, true),
    end: () => socket.close(),
  });
}
