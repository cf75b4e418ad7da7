import { describe, expect, test } from "bun:test";
import { type Ended, PosternError, type Secret } from "../../core/plugin.ts";
import { type TestWebTools, testWebTools } from "../../core/testing/index.ts";
import { type ScimOptions, scim } from "./index.ts";

const url = "https://gateway.example.com/signals/scim";
const token: Secret = { label: "env SCIM", read: async () => "canary-token" };
const alice = { userName: "Alice@example.com", externalId: "ext-1", active: true };

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: Record<string, unknown> & { readonly id: string };
}

async function endpoint(options: Partial<ScimOptions> = {}) {
  const { web } = await scim({ token, ...options }).open();
  const tools = testWebTools(url);
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    bearer = "canary-token",
  ): Promise<Answer> => {
    const response = await web.handle(
      new Request(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${bearer}` },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
      tools,
    );
    const text = await response.text();
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      body: text === "" ? {} : JSON.parse(text),
    };
  };
  return { ask, tools };
}

const ends = ({ ended }: TestWebTools): unknown[] =>
  ended.map(({ of, blocks, reason }) => [of, blocks, reason.code]);
const deactivated = (subject: string): unknown => [{ kind: "identity", subject }, true, "access.deactivated"];

describe("who may ask", () => {
  test("nobody without the token: not with another, a part of it, none, or by another scheme", async () => {
    const { ask, tools } = await endpoint();
    for (const bearer of ["canary-toke", "canary-tokenn", "x", ""]) {
      const { status, body } = await ask("DELETE", "/Users/1", undefined, bearer);
      expect(status).toBe(401);
      expect(JSON.stringify(body)).not.toContain("canary");
    }
    const { web } = await scim({ token }).open();
    const basic = { authorization: `Basic ${btoa("scim:canary-token")}` };
    const refused = await web.handle(new Request(`${url}/Users`, { headers: basic }), tools);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
    expect(tools.checks).toHaveLength(5);
    expect(tools.ended).toEqual([]);
  });

  test("a token that cannot be read keeps the gateway from serving; one that is rotated counts at once", async () => {
    const broken = {
      label: "env NONE",
      read: () => Promise.reject(new PosternError("secret.unavailable", "No.")),
    };
    await expect(scim({ token: broken }).open()).rejects.toThrow("No.");
    let value = "first";
    const { ask } = await endpoint({ token: { label: "file T", read: async () => value } });
    expect((await ask("GET", "/Users", undefined, "first")).status).toBe(200);
    value = "second";
    expect((await ask("GET", "/Users", undefined, "first")).status).toBe(401);
    expect((await ask("GET", "/Users", undefined, "second")).status).toBe(200);
  });
});

describe("users", () => {
  test("are made, read, found whatever the case of their name, and paged", async () => {
    const { ask } = await endpoint();
    const made = await ask("POST", "/Users", {
      ...alice,
      name: { familyName: "A" },
      emails: [{ value: "a@example.com" }],
    });
    expect(made).toMatchObject({
      status: 201,
      type: "application/scim+json",
      body: { userName: "Alice@example.com" },
    });
    const { id } = made.body;
    expect(made.body.meta).toMatchObject({ location: `${url}/Users/${id}`, resourceType: "User" });
    expect((await ask("GET", `/Users/${id}`)).body).toEqual(made.body);
    const found = await ask("GET", `/Users?filter=${encodeURIComponent('userName eq "alice@EXAMPLE.com"')}`);
    expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    const none = await ask("GET", `/Users?filter=${encodeURIComponent('userName eq "bob"')}`);
    expect(none.body).toMatchObject({ totalResults: 0, Resources: [] });
    await ask("POST", "/Users", { userName: "bob" });
    await ask("POST", "/Users", { userName: "carol" });
    const page = await ask("GET", "/Users?startIndex=2&count=1");
    expect(page.body).toMatchObject({ totalResults: 3, startIndex: 2, itemsPerPage: 1 });
    expect((await ask("GET", "/Users?startIndex=-7&count=999999")).body).toMatchObject({ itemsPerPage: 3 });
    expect((await ask("GET", "/Users?filter=userName+sw+%22a%22")).body).toMatchObject({
      scimType: "invalidFilter",
    });
  });

  test("share no name, and a name is free again when its user has another or is gone", async () => {
    const { ask } = await endpoint();
    const { id } = (await ask("POST", "/Users", alice)).body;
    const again = await ask("POST", "/Users", { ...alice, userName: "ALICE@example.com" });
    expect(again).toMatchObject({ status: 409, body: { scimType: "uniqueness", status: "409" } });
    expect(await ask("POST", "/Users", { userName: "x", externalId: "ext-1" })).toMatchObject({
      status: 409,
    });
    await ask("PUT", `/Users/${id}`, { userName: "alice.b@example.com" });
    expect((await ask("POST", "/Users", alice)).status).toBe(201);
    await ask("DELETE", `/Users/${id}`);
    expect((await ask("GET", `/Users/${id}`)).status).toBe(404);
    expect((await ask("POST", "/Users", { userName: "alice.b@example.com" })).status).toBe(201);
  });
});

describe("the end of access", () => {
  const forms: readonly (readonly [string, object])[] = [
    ["as Okta sends it", { op: "replace", value: { active: false } }],
    ["as Entra sends it", { op: "Replace", path: "active", value: "False" }],
    ["as Entra adds it", { op: "Add", path: "active", value: "false" }],
    [
      "by its full name",
      { op: "replace", path: "urn:ietf:params:scim:schemas:core:2.0:User:active", value: false },
    ],
    ["among others", { op: "replace", value: { displayName: "A", "name.givenName": "A", Active: "False" } }],
  ];
  for (const [how, operation] of forms) {
    test(`a PATCH ${how} ends and blocks, and lets in again`, async () => {
      const { ask, tools } = await endpoint();
      const { id } = (await ask("POST", "/Users", alice)).body;
      const patch = (one: object) => ask("PATCH", `/Users/${id}`, { schemas: [], Operations: [one] });
      expect(await patch(operation)).toMatchObject({ status: 200, body: { active: false } });
      expect(ends(tools)).toEqual([deactivated("Alice@example.com")]);
      const lifted = tools.lifted.length;
      const back = JSON.parse(JSON.stringify(operation).replace(/"?false"?/i, '"True"')) as object;
      expect(await patch(back)).toMatchObject({ status: 200, body: { active: true } });
      expect<unknown>(tools.lifted.slice(lifted)).toEqual([
        { of: { kind: "identity", subject: "Alice@example.com" }, by: "scim scim" },
      ]);
    });
  }

  test("a DELETE, a PUT, and a user that is made inactive do as well, with the subject and issuer of the policy", async () => {
    const { ask, tools } = await endpoint({ subject: "externalId", issuer: "https://login.example.com" });
    const { id } = (await ask("POST", "/Users", alice)).body;
    await ask("PUT", `/Users/${id}`, { ...alice, active: false });
    await ask("DELETE", `/Users/${id}`);
    await ask("POST", "/Users", { ...alice, externalId: "ext-2", active: false });
    const of = (subject: string): Ended => ({
      kind: "identity",
      subject,
      issuer: "https://login.example.com",
    });
    expect(tools.ended.map((wish) => wish.of)).toEqual([of("ext-1"), of("ext-1"), of("ext-2")]);
    expect(tools.ended.every(({ blocks }) => blocks === true)).toBe(true);
  });

  test("whoever is inactive stays so under another name, and where a PUT says nothing of it", async () => {
    const { ask, tools } = await endpoint();
    const { id } = (await ask("POST", "/Users", { ...alice, active: false })).body;
    const { body } = await ask("PUT", `/Users/${id}`, { userName: "mallory@example.com" });
    expect(body.active).toBe(false);
    expect(ends(tools)).toEqual([deactivated("Alice@example.com"), deactivated("mallory@example.com")]);
  });

  test("where it could not be ended, nothing is kept, so that the next try ends it", async () => {
    const { ask, tools } = await endpoint();
    const { id } = (await ask("POST", "/Users", alice)).body;
    const { web } = await scim({ token }).open();
    const failing = { ...tools, end: () => Promise.reject(new Error("the disk is full")) };
    const request = new Request(`${url}/Users/${id}`, {
      method: "DELETE",
      headers: { authorization: "Bearer canary-token" },
    });
    await expect(web.handle(request, failing)).rejects.toThrow("the disk is full");
    expect((await ask("DELETE", `/Users/${id}`)).status).toBe(204);
    expect(ends(tools)).toEqual([deactivated("Alice@example.com")]);
  });

  test("what makes no sense is refused and changes nothing", async () => {
    const { ask, tools } = await endpoint({ subject: "externalId" });
    const { id } = (await ask("POST", "/Users", alice)).body;
    const bad: readonly (readonly [string, string, unknown, number])[] = [
      ["PATCH", `/Users/${id}`, { Operations: [{ op: "replace", path: "active", value: "no" }] }, 400],
      ["PATCH", `/Users/${id}`, { Operations: [{ op: "remove", path: "active" }] }, 400],
      ["PATCH", `/Users/${id}`, { Operations: [{ op: "remove", path: "externalId" }] }, 400],
      ["PATCH", `/Users/${id}`, { Operations: [{ op: "copy", path: "active", value: false }] }, 400],
      ["PATCH", `/Users/${id}`, { Operations: "all" }, 400],
      ["PATCH", `/Users/${id}`, "{", 400],
      ["PUT", `/Users/${id}`, { externalId: "ext-1" }, 400],
      ["PUT", `/Users/${id}`, [], 400],
      ["POST", "/Users", { userName: "bob" }, 400],
      ["POST", "/Users", { userName: "bob", externalId: "x".repeat(1001) }, 400],
      ["POST", "/Users", " ".repeat(300_000), 413],
      ["PATCH", "/Users/none", { Operations: [] }, 404],
      ["DELETE", "/Users", undefined, 405],
      ["GET", "/Groups", undefined, 404],
      ["POST", "/Bulk", {}, 404],
    ];
    for (const [method, path, body, status] of bad) {
      const answer = await ask(method, path, body);
      expect({ method, path, body, status: answer.status }).toEqual({ method, path, body, status });
    }
    expect(tools.ended).toEqual([]);
    expect((await ask("GET", `/Users/${id}`)).body).toMatchObject({ ...alice });
  });
});

test("says of itself what is there", async () => {
  const { ask } = await endpoint();
  expect((await ask("GET", "/ServiceProviderConfig")).body).toMatchObject({
    patch: { supported: true },
    bulk: { supported: false },
  });
  expect((await ask("GET", "/ResourceTypes")).body).toMatchObject({ Resources: [{ endpoint: "/Users" }] });
  const { Resources } = (await ask("GET", "/Schemas")).body as unknown as {
    Resources: { attributes: { name: string }[] }[];
  };
  expect(Resources[0]?.attributes.map(({ name }) => name)).toContain("active");
});

test("options that do not fit are refused", () => {
  expect(() => scim({ token, subject: "nickname" as "userName" })).toThrow(PosternError);
  expect(() => scim({ token, colour: 1 } as unknown as ScimOptions)).toThrow(PosternError);
});
