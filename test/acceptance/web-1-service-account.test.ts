import { afterAll, beforeAll, expect, test } from "bun:test";
import { authenticated } from "../servers/kubernetes.ts";
import { adminToken, KubernetesDoor } from "./kubernetes-door.ts";

/** Issue 6: a token of a service account for one session alone, by TokenRequest; it ends with the session. */

const maker = "canary-token-maker";
/** One each: another one is another session. */
const tokens = new Map<string, string>();
let door: KubernetesDoor;

beforeAll(async () => {
  const secrets = {
    verbs: ["create", "get", "delete"],
    groups: [""],
    resources: ["secrets"],
    namespaces: ["shop"],
  };
  const requests = {
    verbs: ["create"],
    groups: [""],
    resources: ["serviceaccounts/token"],
    namespaces: ["shop"],
  };
  door = await KubernetesDoor.open({
    plugins: ["serviceAccountToken"],
    words: ["person"],
    resource: 'credential: serviceAccountToken({ namespace: "shop", admin: env("MAKER_TOKEN") })',
    rules: `
      { who: person("alice"), on: "prod", may: "all", as: "deploy" },
      { who: person("bob"), on: "prod", may: "all", as: "shop/auditor" },
      { who: person("carol"), on: "prod", may: "all" },
      { who: person("dave"), on: "prod", may: "all", as: "kube-system/deploy" },
      { who: person("erin"), on: "prod", may: "all", as: "../shop" },
    `,
    environment: { MAKER_TOKEN: maker },
    cluster: {
      tokens: { [maker]: authenticated("maker", ["makers"]) },
      rules: {
        makers: [secrets, requests],
        "system:serviceaccount:shop:deploy": [
          { verbs: ["get", "list", "create"], groups: [""], resources: ["configmaps"], namespaces: ["shop"] },
        ],
      },
    },
  });
  for (const [path, object] of [
    ["/api/v1/namespaces", { kind: "Namespace", metadata: { name: "shop" } }],
    ["/api/v1/namespaces/shop/serviceaccounts", { kind: "ServiceAccount", metadata: { name: "deploy" } }],
  ] as const) {
    const made = await direct(adminToken, path, { apiVersion: "v1", ...object });
    expect(made).toBe(201);
  }
}, 30_000);
afterAll(() => door?.close());

test("a session runs as the service account of its rule, by a token that ends with it", async () => {
  const [answer, token] = await asks("alice");
  expect(answer.status).toBe(200);
  expect(token).not.toBe(maker);
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  expect(claims.sub).toBe("system:serviceaccount:shop:deploy");
  const [secret] = made();
  expect(claims["kubernetes.io"].secret.name).toBe(secret?.metadata.name);
  expect(secret?.metadata.annotations?.["postern/session"]).toMatch(/^alice via postern ses_/);
  expect(secret?.data ?? {}).toEqual({});
  // Good at the cluster itself while the session is open.
  expect(await direct(token, configmaps)).toBe(200);

  const [, again] = await asks("alice");
  expect(again).toBe(token);

  await end("alice");
  await door.web.until("the Secret is gone", async () => made().length === 0);
  expect(await direct(token, configmaps)).toBe(401);
  const leased = door.web.entries("lease").map(({ what }) => what);
  expect(leased.some((what) => /^shop\/postern-[0-9a-f]{30}$/.test(what))).toBe(true);
});

test("what a service account may not, its session may not, whatever the rules here say", async () => {
  const answer = await request("alice", "/prod/api/v1/namespaces/shop/secrets");
  expect(answer.status).toBe(403);
  expect(((await answer.json()) as { message: string }).message).toContain(
    'User "system:serviceaccount:shop:deploy" cannot list resource "secrets"',
  );
  await end("alice");
});

test.each([
  ["bob", "there is no such service account"],
  ["carol", "No rule says which service account"],
  ["dave", "may not make Secrets in kube-system"],
  ["erin", "names no service account"],
])("%s gets no session, is told why, and leaves nothing behind", async (subject, why) => {
  const before = door.cluster.received.filter(({ target }) =>
    target.startsWith("/api/v1/namespaces/shop/configmaps"),
  ).length;
  const answer = await request(subject, `/prod${configmaps}`);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(await answer.text()).toContain(why);
  await door.web.until("nothing is left", async () => made().length === 0);
  expect(
    door.cluster.received.filter(({ target }) => target.startsWith("/api/v1/namespaces/shop/configmaps"))
      .length,
  ).toBe(before);
});

test("what a killed gateway left behind is removed by the next one, and nothing else", async () => {
  const [, token] = await asks("alice");
  const bystander = await direct(adminToken, "/api/v1/namespaces/shop/secrets", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "postern-0123456789abcdef0123456789abcd" },
  });
  expect(bystander).toBe(201);
  await door.web.gateway.kill();
  expect(await direct(token, configmaps)).toBe(200);
  await door.web.gateway.start();
  await door.web.until("the Secret is swept", async () => (await direct(token, configmaps)) === 401);
  expect(secrets().map(({ metadata }) => metadata.name)).toEqual(["postern-0123456789abcdef0123456789abcd"]);
}, 60_000);

test("neither token is anywhere that the gateway keeps", async () => {
  const kept =
    await Bun.$`grep -rlaE ${`${maker}|eyJ[A-Za-z0-9_-]+\\.eyJ`} ${door.web.data}/trail ${door.web.data}/recordings`
      .nothrow()
      .text();
  expect(kept).toBe("");
  expect(door.web.logged()).not.toContain(maker);
});

const configmaps = "/api/v1/namespaces/shop/configmaps";

function secrets() {
  return door.cluster.cluster.store.list("/secrets");
}

/** The Secrets that sessions hold now. */
function made() {
  return secrets().filter(({ metadata }) => metadata.annotations?.["postern/lease"]);
}

async function request(subject: string, path: string): Promise<Response> {
  const token = tokens.get(subject) ?? (await door.web.token(subject));
  tokens.set(subject, token);
  return await fetch(`https://localhost:${door.web.port}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    tls: { ca: door.ca },
  });
}

/** What the answer was, and the token that the cluster saw. */
async function asks(subject: string): Promise<[Response, string]> {
  const answer = await request(subject, `/prod${configmaps}`);
  const seen = door.cluster.received.findLast(({ target }) => target.startsWith(configmaps));
  const at = seen?.headers.findIndex((name) => name.toLowerCase() === "authorization") ?? -1;
  return [answer, seen?.headers[at + 1]?.replace("Bearer ", "") ?? ""];
}

/** As whoever has this token, at the cluster itself; the status. */
async function direct(token: string, path: string, body?: unknown): Promise<number> {
  const answer = await fetch(`${door.cluster.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    tls: { ca: door.cluster.authority.certificate },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

async function end(subject: string): Promise<void> {
  const sessions = await door.web.json<{ id: string; identity: { subject: string } }[]>("sessions", "list");
  for (const { id, identity } of sessions) {
    if (identity.subject === subject) await door.web.postern("sessions", "kill", id);
  }
}
