import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CallerRig, whole } from "./testing/rig.ts";

// Clients that others wrote, against the caller's side: what they were told is what they take it for.
const rig = new CallerRig((exchange) => {
  if (exchange.expectsContinue) exchange.inform({ status: 100, reason: "Continue", fields: [] });
  whole(exchange).then(
    ({ body, trailers }) => {
      const { method, target, version } = exchange.request;
      exchange.respond({ status: 200, reason: "OK", fields: ["Content-Type", "text/plain"] }, "chunked");
      exchange.write(Buffer.from(`${method} ${target} ${version} ${body.length} ${trailers.join("=")}`));
      exchange.end(["X-Trailer", "told"]);
    },
    () => {},
  );
});
const folder = mkdtempSync(join(tmpdir(), "postern-h1-"));
const upload = join(folder, "upload");
writeFileSync(upload, Buffer.alloc(3_000_000, "x"));
afterAll(() => {
  rig.stop();
  rmSync(folder, { recursive: true });
});

const curl = Bun.which("curl");

describe.skipIf(curl === null)("curl", () => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["GET", [], "GET / 1.1 0 "],
    ["HTTP/1.0", ["--http1.0"], "GET / 1.0 0 "],
    [
      "an upload that waits for 100",
      ["-T", upload, "-H", "Expect: 100-continue"],
      "PUT /upload 1.1 3000000 ",
    ],
    ["an upload in chunks", ["-T", upload, "-H", "Transfer-Encoding: chunked"], "PUT /upload 1.1 3000000 "],
    ["a form", ["-d", "a=b"], "POST / 1.1 3 "],
    ["an offer of HTTP/2 that nobody takes", ["--http2"], "GET / 1.1 0 "],
    ["a request by proxy", ["--proxy", "PROXY"], "GET / 1.1 0 "],
  ];
  test.each(cases)("%s", async (_name, options, wanted) => {
    const url = `http://127.0.0.1:${rig.port}`;
    const given = options.map((option) => (option === "PROXY" ? url : option));
    const child = Bun.spawn([curl ?? "", "-sS", "--noproxy", "", ...given, `${url}/`], { stderr: "pipe" });
    const [text, error] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect({ text, error }).toEqual({ text: wanted, error: "" });
  });
});

test("node:http, one connection, bodies and trailers both ways", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (const size of [0, 1, 70_000]) {
    const answered = await new Promise<string>((resolve, reject) => {
      const asked = request(
        { agent, port: rig.port, host: "127.0.0.1", method: "POST", path: "/a", headers: { Trailer: "X-T" } },
        (incoming) => {
          let text = "";
          ports.add(incoming.socket.localPort);
          incoming.on("data", (chunk) => {
            text += chunk;
          });
          incoming.on("end", () => resolve(`${text} ${JSON.stringify(incoming.trailers)}`));
          incoming.on("error", reject);
        },
      );
      asked.on("error", reject);
      asked.write("x".repeat(size));
      asked.addTrailers({ "X-T": "y" });
      asked.end();
    });
    expect(answered).toStartWith(`POST /a 1.1 ${size}`);
  }
  expect(ports.size).toBe(1);
  agent.destroy();
});
