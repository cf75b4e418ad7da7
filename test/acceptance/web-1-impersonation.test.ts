import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { KubernetesDoor } from "./kubernetes-door.ts";

/** Issue 6: the cluster is told whose requests are; callers cannot say it themselves. By a token, and by a client certificate. */

let door: KubernetesDoor;
/** One each: another one is another session. */
const tokens = new Map<string, string>();

beforeAll(async () => {
  door = await KubernetesDoor.open({
    words: ["person", "group"],
    resource: 'impersonate: { prefix: "" }, credential: env("CLUSTER_TOKEN")',
    resources: `certified: kubernetes({ url, ca: folder + "/cluster-ca.crt", cert: folder + "/gateway.crt", key: folder + "/gateway.key", impersonate: { prefix: "postern:", session: false } }),`,
    before: "const folder = process.env.CLUSTER_FOLDER; const url = process.env.CLUSTER_URL;",
    rules: `
      { who: person("robot"), on: "prod", may: "all", as: "system:serviceaccount:shop:deploy" },
      { who: person(), on: "*", may: "all" },
    `,
    prepare: async (folder, cluster) => {
      const pair = await cluster.authority.client("gateway-by-certificate", ["system:masters"]);
      writeFileSync(join(folder, "gateway.crt"), pair.certificate);
      writeFileSync(join(folder, "gateway.key"), pair.key, { mode: 0o600 });
    },
  });
}, 30_000);
afterAll(() => door?.close());

const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

async function whoAmI(
  subject: string,
  groups: readonly string[] = [],
  more: Record<string, string> = {},
  to = "prod",
) {
  const token = tokens.get(subject) ?? (await door.web.token(subject, ...groups));
  tokens.set(subject, token);
  const answer = await fetch(`https://localhost:${door.web.port}/${to}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...more },
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }),
    tls: { ca: door.ca },
  });
  const object = (await answer.json()) as {
    status: { userInfo?: { username: string; groups: string[] } };
    message?: string;
  };
  return { status: answer.status, message: object.message, ...object.status?.userInfo };
}

/** What the cluster was sent under these names, last. */
function sent(name: string): string[] {
  const { headers = [] } = door.cluster.received.at(-1) ?? {};
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);
}

test("the caller's name and groups are the cluster's, and the session's id goes along", async () => {
  expect(await whoAmI("alice", ["shop", "developers"])).toMatchObject({
    status: 201,
    username: "alice",
    groups: ["shop", "developers", "system:authenticated"],
  });
  const [session] = sent("impersonate-extra-postern-session");
  expect(session).toBe(door.web.entries("open").at(-1)?.session);
});

test("`as` of a rule names the user, whose groups are not the caller's", async () => {
  const { username, groups } = await whoAmI("robot", ["shop"]);
  expect(username).toBe("system:serviceaccount:shop:deploy");
  expect(groups).not.toContain("shop");
});

test("who is called like the cluster's own is not; such a group is left out", async () => {
  const before = door.cluster.received.length;
  const refused = await whoAmI("system:admin");
  expect([refused.status, refused.message]).toEqual([
    403,
    expect.stringContaining("kubernetes.impersonation"),
  ]);
  expect(door.cluster.received.length).toBe(before);
  const { groups } = await whoAmI("mallory", ["system:masters", "System:Masters", "plain"]);
  expect(groups).toEqual(["plain", "system:authenticated"]);
});

test("no character of a name becomes another one", async () => {
  expect((await whoAmI("\u0141dmin\u0161")).status).toBe(201);
  // node:http gives bytes as Latin-1; kube-apiserver reads them as UTF-8.
  expect(Buffer.from(sent("impersonate-user")[0] ?? "", "latin1").toString()).toBe("\u0141dmin\u0161");
});

test.each([
  { "impersonate-user": "root" },
  { "Impersonate-Group": "system:masters" },
  { "impersonate-extra-postern-session": "ses_1" },
  { "Impersonate-Uid": "1" },
  { "x-remote-user": "root" },
])("callers cannot say it themselves: %j", async (field: Record<string, string>) => {
  const before = door.cluster.received.length;
  expect((await whoAmI("alice", [], field)).status).toBe(400);
  expect(door.cluster.received.length).toBe(before);
});

test("a client certificate does as well as a token", async () => {
  expect(await whoAmI("alice", [], {}, "certified")).toMatchObject({
    username: "postern:alice",
    groups: ["postern:shop", "postern:developers", "system:authenticated"],
  });
  expect(sent("authorization")).toEqual([]);
  expect(sent("impersonate-extra-postern-session")).toEqual([]);
});
