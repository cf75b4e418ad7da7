import { describe, expect, test } from "bun:test";
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  createGunzip,
  createGzip,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { Random, seeds } from "../../../test/fuzz.ts";
import { fieldOf } from "../message.ts";
import { inspect, looksAtBodies, requestFor } from "./index.ts";
import { hiding } from "./testing/guardrail.ts";
import { frame, type Sent, through } from "./testing/shown.ts";

const bytes = (text: string) => Buffer.from(text);
const json = "application/json";
const clear = '{ "id" : 12345678901234567890, "x":[1.0, 1e400,-0], "s":"\\u00e9\\ud800" }\n';

/** In how many pieces: each byte alone, or some that a seed says. */
function* splits(whole: Uint8Array): Generator<Uint8Array[]> {
  yield [whole];
  yield Array.from(whole, (_, at) => whole.subarray(at, at + 1));
  for (const seed of seeds(3)) {
    const random = new Random(seed);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < whole.length; ) {
      const size = 1 + random.upTo(9);
      parts.push(whole.subarray(at, at + size));
      at += size;
    }
    yield parts;
  }
}

const shown = async (text: string | Uint8Array, type: string, more: Partial<Sent> = {}) => {
  const whole = typeof text === "string" ? bytes(text) : text;
  const results = new Set<string>();
  let last: Awaited<ReturnType<typeof through>> | undefined;
  for (const chunks of splits(whole)) {
    last = await through(hiding(), { chunks, type, ...more });
    results.add(last.broken ? last.broken.code : last.body.toString("latin1"));
  }
  expect(results.size).toBe(1);
  if (last === undefined) throw new Error("nothing sent");
  return last;
};
const text = async (sent: string, type: string) => (await shown(sent, type)).body.toString();

describe("JSON", () => {
  test("in which nothing is changed stays to the byte", async () => {
    for (const body of [
      clear,
      "\ufeff{}",
      ")]}',\n[1]",
      " [ ] ",
      '"\\ud800"',
      "null",
      "",
      '{"__proto__":{"a":1}}',
    ])
      expect(await text(body, json)).toBe(body);
  });
  test("keeps all but what is changed", async () => {
    expect(await text('{ "n" : 12345678901234567890, "b":"ann@example.com" ,"1":1.0 }', json)).toBe(
      '{ "n" : 12345678901234567890, "b":"****" ,"1":1.0 }',
    );
    expect(await text(')]}\',\n{"ann@example.com":1e400}', json)).toBe(')]}\',\n{"****":1e400}');
    expect(await text('\ufeff["ann\\u0040example.com","\\ud800"]', json)).toBe('\ufeff["****","\\ud800"]');
    expect(await text('{"a":{"secret":{"deep":[1]},"n":1.50}}', json)).toBe(
      '{"a":{"secret":"****","n":1.50}}',
    );
  });
  test("has each name once, the last", async () => {
    expect(await text('{"secret":"first","a":1,"secret":"last"}', json)).toBe('{"a":1,"secret":"****"}');
    expect(await text('{"a":1, "a" :2.0}', json)).toBe('{"a" :2.0}');
    expect(await text('{"a":[{"b":1,"\\u0062":2}],"a":[{"c":1,"c":{"d":1,"d":2},"e":5}]}', json)).toBe(
      '{"a":[{"c":{"d":2},"e":5}]}',
    );
  });
  test("tells its length where nothing codes it", async () => {
    const got = await shown('{"secret":1}', json);
    expect([got.length, got.body.toString()]).toEqual([17, '{"secret":"****"}']);
  });
  test.each([
    "{",
    '{"a":1}x',
    "[1,]",
    '{"a":01}',
    '["\u0001"]',
    "nul",
    '{"a" 1}',
    "[1 2]",
    "\u0000",
    '"\\x"',
    "'a'",
    "[1]]",
    "{,}",
    "+1",
    ".5",
    "1.",
    "NaN",
    '{"a":\u00a01}',
    '["a\n"]',
  ])("that is none is withheld: %p", async (body) =>
    expect((await shown(body, json)).broken?.code).toBe("answer.withheld"),
  );
  test("too deep, too long or in no UTF-8 is withheld, before its head", async () => {
    for (const body of [
      bytes("[".repeat(300) + "]".repeat(300)),
      Buffer.alloc(frame + 1, " "),
      Buffer.from([34, 0xff, 34]),
    ]) {
      const got = await through(hiding(), { chunks: [body], type: json });
      expect([got.broken?.code, got.head]).toEqual(["answer.withheld", undefined]);
    }
  });
  test("in another charset is UTF-8 then", async () => {
    const got = await shown(
      Buffer.from('["ann@example.com","x"]', "utf16le"),
      'application/json; charset="UTF-16LE"',
    );
    expect(got.body.toString()).toBe('["****","x"]');
    expect(fieldOf(got.head?.fields ?? [], "content-type")).toBe("application/json; charset=utf-8");
  });
});

describe("one after the other", () => {
  test("each document leaves with its last byte", async () => {
    for (const type of [
      "application/x-ndjson",
      "application/json-seq",
      "application/json;stream=watch",
      "application/stream+json",
    ]) {
      const chunks = [
        '{"a":1}',
        '\n\x1e{"b":"ann@example',
        '.com"}',
        '\n"x"',
        "\n12",
        "\n",
        '{"secret":2}{"c":[]}\n',
      ].map(bytes);
      const got = await through(hiding(), { chunks, type });
      expect(got.chunks.map(String)).toEqual([
        '{"a":1}',
        "\n\x1e",
        '{"b":"****"}',
        "\n",
        '"x"',
        "\n",
        "12",
        "\n",
        '{"secret":"****"}',
        '{"c":[]}',
        "\n",
      ]);
    }
  });
  test("also where only the caller of inspect knows that it is a watch", async () => {
    const got = await through(hiding(), {
      chunks: [bytes('{"secret":1}\n{"a":"]"}')],
      type: json,
      options: { sequence: true },
    });
    expect(got.body.toString()).toBe('{"secret":"****"}\n{"a":"]"}');
  });
  test("any split is the same", async () => {
    expect(await text('{"a":"\\"}{","secret":1}\r\n\x1e[true] null 1.0\n', "application/x-ndjson")).toBe(
      '{"a":"\\"}{","secret":"****"}\r\n\x1e[true] null 1.0\n',
    );
  });
  test("what is none breaks off, and nothing of it leaves", async () => {
    const got = await through(hiding(), {
      chunks: [bytes('{"a":1}\n'), bytes("email: ann@example.com\n")],
      type: "application/x-ndjson",
    });
    expect([got.body.toString(), got.broken?.code]).toEqual(['{"a":1}\n', "answer.withheld"]);
  });
});

describe("events", () => {
  const type = "text/event-stream";
  test("leave with their blank line, to the byte where nothing is changed", async () => {
    const chunks = [": hi\n\n", 'id: 1\r\ndata: {"a":1.0}\r\n', "\r\n", "data:x\r\r", "\ndata: y\n\n"].map(
      bytes,
    );
    const got = await through(hiding(), { chunks, type });
    expect(got.chunks.map(String)).toEqual(
      [": hi\n\n", 'id: 1\r\ndata: {"a":1.0}\r\n\r\n', "data:x\r\r", "\n", "data: y\n\n"].slice(0, 5),
    );
  });
  test("any split is the same", async () => {
    const sent =
      '\ufeffretry: 10\n\nevent: e\nid: 7\ndata: {"secret":\ndata: 1}\nfoo: ann@example.com\n\ndata: mail ann@\ndata: example.com or bob@example.com\n\n: ann@example.com\r\n\r\ndata\n\ndata: [DONE]\n\ndata: cut ann@example.com';
    expect(await text(sent, type)).toBe(
      '\ufeffretry: 10\n\nevent: e\nid: 7\ndata: {"secret":\ndata: "****"}\nfoo: ****\n\ndata: mail ann@\ndata: example.com or ****\n\n: ****\r\n\r\ndata\n\ndata: [DONE]\n\ndata: cut ****\n',
    );
  });
});

describe("text", () => {
  test("of any split", async () => {
    for (const type of [
      "text/plain",
      "text/csv",
      "application/xml",
      "application/javascript",
      "application/yaml",
    ]) {
      expect(await text("a,ann@example.com,é\nb", type)).toBe("a,****,é\nb");
    }
  });
  test("that is JSON is read as JSON where its length is known", async () => {
    const body = '{"a":"ann\\u0040example.com"}';
    for (const type of ["text/plain", "text/html", undefined]) {
      const got = await through(hiding(), {
        chunks: [bytes(body)],
        ...(type ? { type } : {}),
        length: body.length,
      });
      expect(got.body.toString()).toBe('{"a":"****"}');
    }
    const log = "[note] ann@example.com";
    expect(
      (
        await through(hiding(), { chunks: [bytes(log)], type: "text/plain", length: log.length })
      ).body.toString(),
    ).toBe("[note] ****");
  });
  test("in a charset becomes UTF-8; what is in none breaks off", async () => {
    const got = await shown(Buffer.from("é ann@example.com", "latin1"), "text/plain; charset=ISO-8859-1");
    expect([got.body.toString(), fieldOf(got.head?.fields ?? [], "content-type")]).toEqual([
      "é ****",
      "text/plain; charset=utf-8",
    ]);
    for (const body of [
      Buffer.from("\xe9 ann@example.com", "latin1"),
      Buffer.from("ann@example.com", "utf16le"),
    ])
      expect((await shown(body, "text/plain")).broken?.code).toBe("answer.withheld");
    expect((await shown("x", "text/plain; charset=utf-7")).broken?.code).toBe("answer.withheld");
  });
  test("a form is read field by field", async () => {
    expect(await text("a=ann%40example.com&b=1&b=2", "application/x-www-form-urlencoded")).toBe(
      "a=****&b=1&b=2",
    );
    expect(await text("a=%20+x", "application/x-www-form-urlencoded")).toBe("a=%20+x");
  });
});

describe("codings", () => {
  // For brotli, whose best takes seconds.
  const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } };
  const ways = [
    ["gzip", (data: Uint8Array) => gzipSync(data), gunzipSync],
    ["deflate", (data: Uint8Array) => deflateSync(data), inflateSync],
    ["br", (data: Uint8Array) => brotliCompressSync(data, quick), brotliDecompressSync],
    ["zstd", (data: Uint8Array) => zstdCompressSync(data), zstdDecompressSync],
  ] as const;
  const body = bytes(
    JSON.stringify({
      list: Array.from({ length: 300 }, (_, id) => ({ id, mail: `u${"abc"[id % 3]}@example.com` })),
    }),
  );
  const expected = body
    .toString()
    .replaceAll(/u[abc]@example/g, (match) => match)
    .replaceAll(/[a-z]+@example\.com/g, "****");
  for (const [name, pack, unpack] of ways) {
    test(`${name} is undone, and done again for who takes it`, async () => {
      const packed = Buffer.from(pack(body));
      for (const chunks of splits(packed)) {
        const same = await through(
          hiding(),
          {
            chunks,
            type: json,
            fields: ["Content-Encoding", name],
            asked: ["Accept-Encoding", `${name};q=0.5`],
          },
          true,
        );
        expect([fieldOf(same.head?.fields ?? [], "content-encoding"), unpack(same.body).toString()]).toEqual([
          name,
          expected,
        ]);
        const plain = await through(hiding(), { chunks, type: json, fields: ["Content-Encoding", name] });
        expect([fieldOf(plain.head?.fields ?? [], "content-encoding"), plain.body.toString()]).toEqual([
          undefined,
          expected,
        ]);
      }
    });
    test(`${name}: an event leaves when it has come`, async () => {
      const events = ["data: one\n\n", "data: ann@example.com\n\n"];
      const got = await through(hiding(), {
        chunks: [pack(bytes(events.join("")))],
        type: "text/event-stream",
        fields: ["Content-Encoding", name],
        asked: ["Accept-Encoding", name],
      });
      expect(unpack(got.body).toString()).toBe("data: one\n\ndata: ****\n\n");
    });
    test(`${name}: a bomb is no text`, async () => {
      const bomb = Buffer.from(pack(Buffer.alloc(40 << 20, " ")));
      const got = await through(hiding(), {
        chunks: [bomb],
        type: "text/plain",
        fields: ["Content-Encoding", name],
      });
      expect(got.broken?.code).toBe("answer.withheld");
      expect(got.body.length).toBeLessThan(30 << 20);
      const whole = await through(hiding(), {
        chunks: [bomb],
        type: json,
        fields: ["Content-Encoding", name],
      });
      expect([whole.broken?.code, whole.head]).toEqual(["answer.withheld", undefined]);
    });
  }
  test("what the resource lets leave, leaves for the caller, in the coding, before more comes", async () => {
    const packing = createGzip();
    const unpacking = createGunzip();
    let arrived = Promise.withResolvers<string>();
    unpacking.on("data", (chunk: Buffer) => arrived.resolve(String(chunk)));
    const body = inspect(
      hiding(),
      { method: "GET", target: "/", authority: "a", version: "1.1", fields: ["Accept-Encoding", "gzip"] },
      { status: 200, reason: "", fields: ["Content-Type", "text/event-stream", "Content-Encoding", "gzip"] },
      "chunked",
      {
        head: () => {},
        data: (view) => unpacking.write(Buffer.from(view)),
        end: () => {},
        broken: (reason) => arrived.reject(reason),
        resume: () => {},
      },
      { frame },
    );
    packing.on("data", (chunk: Buffer) => body.data(chunk));
    for (const [event, expected] of [
      ["data: ann@example.com\n\n", "data: ****\n\n"],
      ["data: 2\n\n", "data: 2\n\n"],
      [": 3\n\n", ": 3\n\n"],
    ] as const) {
      arrived = Promise.withResolvers<string>();
      packing.write(event);
      packing.flush(constants.Z_SYNC_FLUSH);
      expect(await arrived.promise).toBe(expected);
    }
    body.close();
    packing.destroy();
    unpacking.destroy();
  });
  test("deflate without its header, and two over one another", async () => {
    const raw = await through(hiding(), {
      chunks: [deflateRawSync(body)],
      type: json,
      fields: ["Content-Encoding", "deflate"],
    });
    expect(raw.body.toString()).toBe(expected);
    const two = await through(hiding(), {
      chunks: [gzipSync(brotliCompressSync(body))],
      type: json,
      fields: ["Content-Encoding", "br, gzip"],
      asked: ["Accept-Encoding", "*"],
    });
    expect(gunzipSync(two.body).toString()).toBe(expected);
  });
  test("what cannot be undone is withheld", async () => {
    for (const [coding, chunk] of [
      ["gzip", bytes("no gzip at all")],
      ["compress", body],
      ["gzip, gzip, gzip", body],
      ["gzip", gzipSync(body).subarray(0, -9)],
      ["br", brotliCompressSync(body).subarray(0, -9)],
    ] as const) {
      const got = await through(hiding(), {
        chunks: [chunk],
        type: json,
        fields: ["Content-Encoding", coding],
      });
      expect([got.broken?.code, got.body.length]).toEqual(["answer.withheld", 0]);
    }
  });
  test("a slow caller stops the resource", async () => {
    const got = await through(
      hiding(),
      { chunks: Array.from({ length: 50 }, () => bytes("ann@example.com x\n")), type: "text/plain" },
      true,
    );
    expect(got.body.toString()).toBe("**** x\n".repeat(50));
  });
});

describe("heads", () => {
  const fields = [
    "ETag",
    '"a"',
    "Content-MD5",
    "x",
    "Repr-Digest",
    "y",
    "Accept-Ranges",
    "bytes",
    "X-User",
    "ann@example.com",
    "Location",
    "/u/ann%40example.com?a=1",
    "Set-Cookie",
    "m=ann@example.com; Path=/",
    "Date",
    "now",
    "secret",
    "s",
  ];
  test("say what is true of what leaves", async () => {
    const got = await through(hiding(), {
      chunks: [bytes("{}")],
      type: json,
      fields,
      trailers: ["X-T", "bob@example.com"],
    });
    expect(got.head?.fields).toEqual([
      "Content-Type",
      json,
      "X-User",
      "****",
      "Location",
      "/u/****?a=1",
      "Set-Cookie",
      "m=****; Path=/",
      "Date",
      "now",
      "secret",
      "****",
    ]);
    expect(got.trailers).toEqual(["X-T", "****"]);
  });
  test("tell nothing of the bytes before they were masked", async () => {
    const hashes = `ETag X-Amz-Checksum-Sha256 x-goog-hash X-Content-MD5 Repr-Digest X-Checksum x-file-sha1 x-sha-256
      X-Body-Signature`;
    const fields = hashes.split(/\s+/).flatMap((name) => [name, "0123"]);
    for (const more of [{ chunks: [bytes("{}")] }, { status: 304 }, { method: "HEAD" }]) {
      const got = await through(hiding(), {
        chunks: [],
        type: json,
        fields: [...fields, "Last-Modified", "now"],
        trailers: fields,
        ...more,
      });
      expect(got.head?.fields).toEqual(["Content-Type", json, "Last-Modified", "now"]);
      expect(got.trailers ?? []).toEqual([]);
    }
  });
  test("without a body", async () => {
    for (const more of [
      { method: "HEAD", type: "image/png" },
      { status: 304 },
      { status: 204 },
      { length: 0, type: "image/png" },
    ] as const) {
      const got = await through(hiding(), { chunks: [], fields: ["X-User", "ann@example.com"], ...more });
      expect([got.broken, fieldOf(got.head?.fields ?? [], "x-user")]).toEqual([undefined, "****"]);
      const lying = await through(hiding(), { chunks: [bytes("ann@example.com")], ...more });
      expect([lying.broken?.code, lying.body.length]).toEqual(["answer.withheld", 0]);
    }
  });
  test.each([
    "image/png",
    "application/octet-stream",
    "multipart/mixed; boundary=x",
    "application/vnd.kubernetes.protobuf",
    "application/pdf",
    "font/woff2",
    "application/cbor",
    "nonsense",
    "text/plain; charset=utf-8; charset=utf-16",
    "application/grpc+proto",
    "multipart/byteranges; boundary=a",
  ])("%s cannot be looked into", async (type) => {
    const got = await through(hiding(), { chunks: [bytes("ann@example.com")], type });
    expect([got.broken?.code, got.head, got.body.length]).toEqual(["answer.withheld", undefined, 0]);
  });
  test("a part, two types", async () => {
    for (const more of [{ status: 206 }, { fields: ["content-type", "image/png"] }])
      expect((await through(hiding(), { chunks: [bytes("{}")], type: json, ...more })).broken?.code).toBe(
        "answer.withheld",
      );
  });
  test("a type that the operator names passes as it is, and no other by it", async () => {
    const options = { opaque: ["image/*", "application/pdf"] };
    const png = await through(hiding(), {
      chunks: [bytes("\x89PNG ann@example.com")],
      type: "image/png",
      fields: ["Content-Encoding", "odd"],
      options,
    });
    expect([png.body.toString(), fieldOf(png.head?.fields ?? [], "content-encoding")]).toEqual([
      "\x89PNG ann@example.com",
      "odd",
    ]);
    expect(
      (
        await through(hiding(), { chunks: [bytes("<a>ann@example.com</a>")], type: "image/svg+xml", options })
      ).body.toString(),
    ).toBe("<a>****</a>");
    expect((await through(hiding(), { chunks: [bytes("x")], type: "font/woff", options })).broken?.code).toBe(
      "answer.withheld",
    );
  });
  test.each([
    ['{"ssn":1}', ""],
    [" \n", '[ {"a":1}]'],
    ["{", '"a":1}'],
    ["\ufeff[1]", ""],
  ])("JSON does not pass under another name: %j %j", async (first, second) => {
    const options = { frame: 1 << 20, opaque: ["image/*"] };
    const got = await through(hiding(), {
      chunks: [bytes(first), bytes(second)],
      type: "image/png",
      options,
    });
    expect([got.broken?.code, got.body.toString().trim()]).toEqual(["answer.withheld", ""]);
  });
  test("requests ask for what can be looked at", () => {
    const request = (fields: string[]) =>
      requestFor({ method: "GET", target: "/", authority: "a", version: "1.1", fields }).fields;
    expect(
      request([
        "Range",
        "bytes=0-1",
        "If-Range",
        "x",
        "A-IM",
        "feed",
        "Accept",
        "*/*",
        "Accept-Encoding",
        "gzip;q=0, br;q=0.1, sdch, *;q=0",
      ]),
    ).toEqual(["Accept", "*/*", "Accept-Encoding", "br"]);
    expect(request(["Accept-Encoding", "sdch"])).toEqual(["Accept-Encoding", "identity"]);
    expect(request([])).toEqual([]);
  });
  test.each([
    ["GET", []],
    ["HEAD", []],
    ["SEARCH", []],
    ["PUT", ["If-Match", '"a"', "If-None-Match", "*"]],
    ["POST", ["If-Match", '"a"', "If-None-Match", "*"]],
  ])("%s does not ask whether the hidden content is what it is taken for", (method, kept) => {
    const fields = ["If-Match", '"a"', "If-None-Match", "*"];
    expect(requestFor({ method, target: "/", authority: "a", version: "1.1", fields }).fields).toEqual(kept);
  });
  test("nothing is looked at where nobody wants to", () => {
    expect([
      looksAtBodies(undefined),
      looksAtBodies({}),
      looksAtBodies({ rows: () => "clear" }),
      looksAtBodies(hiding()),
    ]).toEqual([false, false, false, true]);
  });
});
