import { afterAll, beforeAll, expect, test } from "bun:test";
import { authenticated, type KubernetesServer, startKubernetes } from "../kubernetes.ts";

let server: KubernetesServer;
beforeAll(async () => {
  server = await startKubernetes({
    tokens: { admin: authenticated("admin", ["system:masters"]), gateway: authenticated("gateway") },
    rules: {
      gateway: [{ verbs: ["impersonate"], groups: [""], resources: ["users"], names: ["dev"] }],
      dev: [{ verbs: ["list"], groups: [""], resources: ["configmaps"], namespaces: ["default"] }],
    },
  });
});
afterAll(() => server.close());

const maps = "/api/v1/namespaces/default/configmaps";

function send(
  path: string,
  token: string | undefined,
  more: RequestInit & { tls?: { cert?: string; key?: string } } = {},
) {
  return fetch(server.url + path, {
    ...more,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(more.headers as Record<string, string>),
    },
    tls: { ca: server.authority.certificate, ...more.tls },
  });
}

const post = (path: string, object: unknown) =>
  send(path, "admin", {
    method: "POST",
    body: JSON.stringify(object),
    headers: { "Content-Type": "application/json" },
  });

test("nobody, a wrong token, and a client certificate", async () => {
  expect((await send(maps, undefined)).status).toBe(403);
  expect((await send("/healthz", "wrong")).status).toBe(401);
  const { certificate: cert, key } = await server.authority.client("root", ["system:masters"]);
  expect((await send(maps, undefined, { tls: { cert, key } })).status).toBe(200);
});

test("impersonation: of whom the caller may, and with that one's rights alone", async () => {
  const as = (name: string) => send(maps, "gateway", { headers: { "Impersonate-User": name } });
  expect((await as("dev")).status).toBe(200);
  const refused = await as("admin");
  expect([refused.status, (await refused.json()) as unknown]).toMatchObject([
    403,
    {
      message:
        'users "admin" is forbidden: User "gateway" cannot impersonate resource "users" in API group "" at the cluster scope',
    },
  ]);
  expect(
    (await send("/api/v1/namespaces/default/secrets", "gateway", { headers: { "Impersonate-User": "dev" } }))
      .status,
  ).toBe(403);
});

test("each request is kept as it came", async () => {
  const before = server.received.length;
  await post(`${maps}?dryRun=All`, { metadata: { name: "kept" } });
  const [kept] = server.received.slice(before);
  expect([kept?.method, kept?.target, kept?.body.toString()]).toEqual([
    "POST",
    `${maps}?dryRun=All`,
    '{"metadata":{"name":"kept"}}',
  ]);
  expect((await send(`${maps}/kept`, "admin")).status).toBe(404);
});

test("a hook changes what is stored, and a dry run shows it", async () => {
  server.mutate((object) => {
    if (object.kind === "ConfigMap" && object.metadata.name === "hooked") object.data = { by: "hook" };
  });
  const shown = await post(`${maps}?dryRun=All`, { metadata: { name: "hooked" } });
  expect(((await shown.json()) as { data: unknown }).data).toEqual({ by: "hook" });
});

test("a stale update is 409, a forgotten revision an ERROR event with 410", async () => {
  await post(maps, { metadata: { name: "stale" } });
  const put = await send(`${maps}/stale`, "admin", {
    method: "PUT",
    body: JSON.stringify({ metadata: { name: "stale", resourceVersion: "1" } }),
    headers: { "Content-Type": "application/json" },
  });
  expect(put.status).toBe(409);
  server.cluster.store.compact();
  const watched = await send(`${maps}?watch=1&resourceVersion=1`, "admin");
  expect(watched.status).toBe(200);
  expect(JSON.parse(await watched.text())).toMatchObject({
    type: "ERROR",
    object: { code: 410, reason: "Expired" },
  });
});

test("a watch ends with its time, after a bookmark", async () => {
  const watched = await send(`${maps}?watch=1&allowWatchBookmarks=true&timeoutSeconds=1`, "admin");
  const events = (await watched.text()).trim().split("\n");
  expect(JSON.parse(events.at(-1) ?? "").type).toBe("BOOKMARK");
});

test("a watch over a WebSocket", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = new WebSocket(`${server.url.replace("https", "wss")}${maps}?watch=1`, {
    headers: { Authorization: "Bearer admin" },
    tls: { ca: server.authority.certificate },
  } as never);
  socket.addEventListener("message", ({ data }) => resolve(String(data)));
  await post(maps, { metadata: { name: "seen" } });
  expect(JSON.parse(await promise).type).toBe("ADDED");
  socket.close();
});
