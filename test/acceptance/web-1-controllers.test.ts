import { afterAll, beforeAll, expect, test } from "bun:test";
import { KubernetesDoor } from "./kubernetes-door.ts";

/** Issue 6, 1: what client-go does beside kubectl: list and watch, again after 410, many watches at a time, a loop that writes. */

let door: KubernetesDoor;
let authorization: string;
const configmaps = "/api/v1/namespaces/default/configmaps";

beforeAll(async () => {
  door = await KubernetesDoor.open({
    words: ["group"],
    rules: `{ who: group("controllers"), on: "prod", may: "all" }`,
  });
  authorization = `Bearer ${await door.web.token("controller", "controllers")}`;
}, 30_000);
afterAll(() => door?.close());

interface Item {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

interface Event {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: Item & { readonly code?: number };
}

function ask(path: string, init: RequestInit & { type?: string } = {}): Promise<Response> {
  const { type = "application/json", ...rest } = init;
  return fetch(`${door.url}${path}`, {
    ...rest,
    headers: { authorization, "content-type": type, accept: "application/json" },
    tls: { ca: door.ca },
  });
}

async function create(name: string): Promise<Item> {
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { for: "watch" } } };
  return (await (await ask(configmaps, { method: "POST", body: JSON.stringify(body) })).json()) as Item;
}

async function patch(name: string, data: Readonly<Record<string, string>>): Promise<number> {
  const type = "application/merge-patch+json";
  return (await ask(`${configmaps}/${name}`, { method: "PATCH", type, body: JSON.stringify({ data }) }))
    .status;
}

async function list(): Promise<{ readonly version: string; readonly names: string[] }> {
  const got = await (await ask(`${configmaps}?labelSelector=for%3Dwatch`)).json();
  const { metadata, items } = got as Item & { readonly items: readonly Item[] };
  return { version: metadata.resourceVersion, names: items.map((item) => item.metadata.name) };
}

/** Events as they come. */
async function* watch(version: string, stop: AbortSignal): AsyncGenerator<Event> {
  const query = `watch=true&allowWatchBookmarks=true&labelSelector=for%3Dwatch&resourceVersion=${version}`;
  const { body } = await ask(`${configmaps}?${query}`, { signal: stop });
  let rest = "";
  for await (const part of body ?? []) {
    const lines = (rest + Buffer.from(part).toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as Event;
  }
}

test("an informer lists, watches from there, and begins again where its version is too old", async () => {
  await create("first");
  const { version, names } = await list();
  expect(names).toContain("first");
  const stop = new AbortController();
  const events = watch(version, stop.signal);
  const next = events.next();
  await create("second");
  expect((await next).value).toMatchObject({ type: "ADDED", object: { metadata: { name: "second" } } });
  await patch("second", { a: "1" });
  expect((await events.next()).value).toMatchObject({ type: "MODIFIED", object: { data: { a: "1" } } });
  stop.abort();
  await events.next().catch(() => {});

  door.cluster.cluster.store.compact();
  const late = new AbortController();
  const error = (await watch(version, late.signal).next()).value as Event;
  expect([error.type, error.object.code]).toEqual(["ERROR", 410]);
  late.abort();
  const again = await list();
  const on = new AbortController();
  const after = watch(again.version, on.signal);
  const seen = after.next();
  await create("third");
  expect((await seen).value).toMatchObject({ object: { metadata: { name: "third" } } });
  on.abort();
  await after.next().catch(() => {});
});

test("fifty watches at a time, each with all events in order, and a session that outlives them", async () => {
  const { version } = await list();
  const stop = new AbortController();
  const names = Array.from({ length: 10 }, (_, at) => `many-${at}`);
  const watchers = Array.from({ length: 50 }, async () => {
    const seen: string[] = [];
    for await (const { type, object } of watch(version, stop.signal)) {
      if (type === "ADDED") seen.push(object.metadata.name);
      if (seen.length === names.length) return seen;
    }
    return seen;
  });
  for (const name of names) await create(name);
  for (const seen of await Promise.all(watchers)) expect(seen).toEqual(names);
  stop.abort();
  expect(door.web.entries("open")).toHaveLength(1);
}, 30_000);

test("a controller answers each change with a patch, and comes to rest", async () => {
  const { version } = await list();
  const stop = new AbortController();
  const loop = (async () => {
    const reconciled: string[] = [];
    for await (const { object } of watch(version, stop.signal)) {
      if (!object.metadata.name.startsWith("wanted") || object.data?.state === "done") continue;
      expect(await patch(object.metadata.name, { state: "done" })).toBe(200);
      reconciled.push(object.metadata.name);
      if (reconciled.length === 5) return reconciled;
    }
    return reconciled;
  })();
  const names = Array.from({ length: 5 }, (_, at) => `wanted-${at}`);
  for (const name of names) await create(name);
  expect(await loop).toEqual(names);
  stop.abort();
  for (const name of names) {
    const made = door.cluster.cluster.store.get("/configmaps", "default", name) as Item | undefined;
    expect(made?.data).toEqual({ state: "done" });
  }
});
