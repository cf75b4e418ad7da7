import { describe, expect, test } from "bun:test";
import { PosternError } from "../../../../core/plugin.ts";
import type { Asked, Reading } from "../../dialect.ts";
import { Effects } from "../index.ts";

const effects = new Effects(
  { graphql: { path: "/graphql", fields: { "Mutation.deleteUser": "delete", "Query.export": "execute" } } },
  "",
);
const json = ["Content-Type", "application/json"];

function asked(
  method: string,
  target: string,
  more: Partial<Asked> & { fields?: readonly string[] } = {},
): Asked {
  const [path = "", query] = target.split(/(?=\?)/, 2);
  const { fields = [], ...rest } = more;
  return {
    head: { method, target, authority: "a", version: "1.1", fields },
    target,
    path,
    query: query ?? "",
    upgrade: undefined,
    hasBody: false,
    config: {},
    ...rest,
  };
}

async function read(request: Asked, body: string | Uint8Array = ""): Promise<string> {
  const first = effects.read(request) as Reading;
  const tools = {
    body: Buffer.from(body),
    ask: () => Promise.reject(new Error("nobody is asked")),
  };
  const { statement } = first.more ? await first.more(tools) : first;
  return statement.actions.map(({ effect, on }) => `${effect} ${on}`).join(", ");
}

const post = (body: unknown, fields: readonly string[] = json, target = "/graphql") =>
  read(
    asked("POST", target, { fields, hasBody: true }),
    typeof body === "string" ? body : JSON.stringify(body),
  );

describe("what an operation does", () => {
  test.each([
    ["{ users { id } }", "read Query.users"],
    ["query { mine: users { id } users { id } me { id } }", "read Query.users, read Query.me"],
    ["mutation { createUser { id } }", "write Mutation.createUser"],
    [
      "mutation { a: deleteUser(id: 1) { id } createUser { id } }",
      "delete Mutation.deleteUser, write Mutation.createUser",
    ],
    ["subscription { news { id } }", "read Subscription.news"],
    ['{ __schema { types { name } } __type(name: "A") { name } }', "read Query.__schema"],
    [
      "{ ...all } fragment all on Query { ...more users { id } } fragment more on Query { export }",
      "execute Query.export, read Query.users",
    ],
    ["{ ... on Query { ... { export } } }", "execute Query.export"],
    // The variables decide whether they are run: they count.
    ["query ($no: Boolean!) { me { id } export @skip(if: $no) }", "read Query.me, execute Query.export"],
  ])("%s", async (query, expected) => {
    const actions = (await post({ query })).split(", ").toSorted();
    expect(actions).toEqual(expected.split(", ").toSorted());
  });

  test("of several operations the one that is named", async () => {
    const query = "query a { users { id } } mutation b { createUser { id } }";
    expect(await post({ query, operationName: "a" })).toBe("read Query.users");
    expect(await post({ query, operationName: "b" })).toBe("write Mutation.createUser");
    expect(await post({ query, operationName: "c" })).toBe("unknown /graphql");
    expect(await post({ query })).toBe("unknown /graphql");
    expect(await post({ query, operationName: 7 })).toBe("unknown /graphql");
  });

  test("a batch is all of its operations", async () => {
    expect(await post([{ query: "{ me { id } }" }, { query: "mutation { deleteUser { id } }" }])).toBe(
      "read Query.me, delete Mutation.deleteUser",
    );
    expect(await post([{ query: "{ me { id } }" }, { id: "stored" }])).toBe("unknown /graphql");
    expect(await post(Array.from({ length: 51 }, () => ({ query: "{ me { id } }" })))).toBe(
      "unknown /graphql",
    );
  });

  test("by GET, and as a text of its own", async () => {
    const query = encodeURIComponent("{ users { id } }");
    expect(await read(asked("GET", `/graphql?query=${query}&variables={}`))).toBe("read Query.users");
    expect(
      await read(asked("GET", `/graphql?query=${encodeURIComponent("mutation { createUser { id } }")}`)),
    ).toBe("write Mutation.createUser");
    expect(await read(asked("GET", "/graphql"))).toBe("read /graphql");
    expect(
      await post("mutation { deleteUser }", ["Content-Type", "application/graphql; charset=utf-8"]),
    ).toBe("delete Mutation.deleteUser");
  });

  test("approver and trail see what it does, and the path is a right on all of it", async () => {
    const reading = effects.read(asked("POST", "/graphql", { fields: json, hasBody: true })) as Reading;
    const tools = { body: Buffer.from('{"query":"mutation { deleteUser }"}'), ask: () => Promise.reject() };
    expect((await reading.more?.(tools))?.statement).toEqual({
      text: "POST /graphql: delete Mutation.deleteUser",
      actions: [{ effect: "delete", on: "Mutation.deleteUser", within: "/graphql" }],
    });
  });

  test("as a text of the policy's tests", () => {
    expect(effects.classify('POST /graphql {"query":"{ users { id } }"}')).toEqual([
      { effect: "read", on: "Query.users", within: "/graphql" },
    ]);
  });
});

describe("what cannot be told is unknown", () => {
  const users = "{ users { id } }";
  test.each([
    ["a stored operation", { id: "abc" }],
    ["a hash beside the text", { query: users, extensions: { persistedQuery: { sha256Hash: "a" } } }],
    ["a name that Go reads as another", { query: users, Query: "mutation { deleteUser }" }],
    ["no text", { query: 7 }],
    ["no operation", { query: "fragment a on Query { users }" }],
    ["two of one name", { query: "query a { users } query a { export }", operationName: "a" }],
    [
      "two fragments of one name",
      { query: "{ ...a } fragment a on Query { me } fragment a on Query { export }" },
    ],
    ["a fragment that is not there", { query: "{ ...a }" }],
    ["a schema", { query: `${users} type A { b: Int }` }],
    ["no GraphQL", { query: "{ users" }],
    ["brackets alone", { query: "{a".repeat(9_000) }],
    ["too many fields", { query: `{ ${"a ".repeat(3_000)} }` }],
    ["an empty batch", []],
    ["no object", "7"],
    ["no JSON", "{"],
    ["more than JSON", `{"query":"${users}"} x`],
    ["a byte order mark", `\ufeff{"query":"${users}"}`],
  ])("%s", async (_what, body) => {
    expect(await post(body)).toBe("unknown /graphql");
  });

  test.each([
    ["multipart uploads", ["Content-Type", "multipart/form-data; boundary=a"]],
    ["forms", ["Content-Type", "application/x-www-form-urlencoded"]],
    ["no type", []],
    ["two types", [...json, ...json]],
    ["a coding", [...json, "Content-Encoding", "gzip"]],
    ["another charset", ["Content-Type", "application/json; charset=utf-7"]],
  ])("%s", async (_what, fields) => {
    expect(await post({ query: users }, fields)).toBe("unknown /graphql");
  });

  test("an operation in the query of a POST, or a body with a GET", async () => {
    expect(await post({ query: users }, json, "/graphql?query=mutation{deleteUser}")).toBe(
      "unknown /graphql",
    );
    expect(await read(asked("GET", "/graphql", { hasBody: true }))).toBe("unknown /graphql");
    expect(await read(asked("GET", "/graphql"))).toBe("read /graphql");
  });

  test("an operation twice in a query", async () => {
    expect(await read(asked("GET", "/graphql?query={me}&query={export}"))).toBe("unknown /graphql");
    expect(await read(asked("GET", "/graphql?query={me};query={export}"))).toBe("unknown /graphql");
    expect(await read(asked("GET", "/graphql?id=7"))).toBe("unknown /graphql");
  });

  test("what follows on a WebSocket, and methods that GraphQL has not", async () => {
    expect(await read(asked("GET", "/graphql", { upgrade: "websocket" }))).toBe("unknown /graphql");
    expect(await read(asked("PUT", "/graphql", { fields: json, hasBody: true }))).toBe("unknown /graphql");
  });
});

test.each(["/GraphQL", "/graphql/", "/graphql;a=b"])("%s is the endpoint, too", async (path) => {
  expect(await post({ query: "mutation { deleteUser }" }, json, path)).toBe("delete Mutation.deleteUser");
});

test.each(['{"query":"{ me }","query":"{ export }"}', '{"query":"{ me }","quer\\u0079":"{ export }"}'])(
  "a name that is there twice is refused: %s",
  async (body) => {
    const error = await post(body).catch((each: unknown) => each);
    expect(error instanceof PosternError && error.code).toBe("http.graphql");
  },
);
