import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeFrames, frameTypes } from "../../core/recording/frames.ts";
import { protocolConformance } from "../../core/testing/index.ts";
import { http } from "./index.ts";
import { HttpClient } from "./testing/client.ts";

const token = "canary-resource-credential";
const slow = { text: "GET /slow", effect: "read", marks: "GET /slow " } as const;

let server: Server;

protocolConformance({
  async start() {
    server = createServer((request, response) => {
      request.resume();
      if (request.url === "/slow") return;
      response.setHeader("content-type", "application/json");
      if (request.url === "/login") response.writeHead(204).end();
      else request.on("end", () => response.end(JSON.stringify({ owner: "ann@example.com" })));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      ...{ host: "127.0.0.1", port: (server.address() as AddressInfo).port },
      stop() {
        server.closeAllConnections();
        server.close();
      },
    };
  },
  resource: ({ host, port }) =>
    http({
      url: `http://${host}:${port}`,
      credential: { label: "canary", read: async () => token },
    }),
  async connect({ port, token, resource }) {
    const client = await HttpClient.open(port, resource, token);
    const { status, body } = await client.request("GET /login");
    if (status === 204) return client;
    client.close();
    throw new Error(body);
  },
  read: { text: "GET /users", effect: "read", marks: "GET /users ", shows: "ann@example.com" },
  write: { text: "POST /users\n{}", effect: "write", marks: "POST /users " },
  nonsense: "BREW /users",
  slow,
  saw: (kept) =>
    [...decodeFrames(kept)].flatMap(({ type, data }) =>
      type === frameTypes.output ? Buffer.from(data).toString("latin1") : [],
    ),
});
