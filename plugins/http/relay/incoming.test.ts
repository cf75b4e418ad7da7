import { describe, expect, test } from "bun:test";
import { fieldsOf } from "../message.ts";
import { incoming } from "./incoming.ts";

const destination = { host: "api.internal", port: 443, secure: true, authority: "api.internal", base: "/v1" };

function shown(fields: readonly string[], { prefix = "/api", status = 200 } = {}) {
  const route = { resource: "api", target: "/things/7", byHost: prefix === "", prefix };
  const asked = { authority: "gateway.example.com", target: `${prefix}/things/7` };
  return incoming({ status, reason: "", fields }, route, destination, asked).fields;
}

describe("no cache shares what was decided for one identity", () => {
  test.each([
    [[], "private"],
    [["public, max-age=31536000, immutable"], "max-age=31536000, immutable, private"],
    [["max-age=60, s-maxage=600", "PUBLIC"], "max-age=60, private"],
    [["no-store"], "no-store"],
    [["no-cache, private"], "no-cache, private"],
    [['private="set-cookie, x-a", max-age=1'], "max-age=1, private"],
    [['no-cache="a, public", must-revalidate'], 'no-cache="a, public", must-revalidate, private'],
    [["s-maxage=1"], "private"],
    [['"public'], "private"],
  ])("%j", (values, now) => {
    const fields = shown(values.flatMap((value) => ["cache-control", value]));
    expect(fieldsOf(fields, "cache-control")).toEqual([now]);
  });
  test("by fields of some caches alone neither", () => {
    const names =
      "CDN-Cache-Control Cloudflare-CDN-Cache-Control Surrogate-Control X-Accel-Expires X-Accel-Redirect";
    expect(shown(names.split(" ").flatMap((name) => [name, "x"]))).toEqual(["Cache-Control", "private"]);
  });
  test("and an interim answer says nothing of it", () => {
    expect(shown(["Link", "</a>"], { status: 103 })).toEqual(["Link", "</a>"]);
  });
});

describe("a resource leads nobody to another one of the same origin", () => {
  const location = (value: string, prefix?: string) =>
    fieldsOf(
      shown(["Location", value], { status: 307, ...(prefix === undefined ? {} : { prefix }) }),
      "location",
    );
  test.each([
    ["/v1/other", "/api/other"],
    ["https://api.internal/v1/other?a", "/api/other?a"],
    ["other", "other"],
    ["../things/8", "../things/8"],
    ["https://elsewhere.example.com/other/1", "https://elsewhere.example.com/other/1"],
    ["http://gateway.example.com/api/x", "http://gateway.example.com/api/x"],
    ["?page=2", "?page=2"],
  ])("%s may be followed", (value, now) => expect(location(value)).toEqual([now]));
  test.each([
    "../../other/x",
    "/../other/x",
    "/%2e%2e/other/x",
    "/./%2E./other/x",
    "/..\\other/x",
    "https://gateway.example.com/other/x",
    "https://gateway.example.com:443/other/x",
    "HTTP://GATEWAY.example.com:80/other/x",
    "//gateway.example.com/other/x",
    "\\\\gateway.example.com/other/x",
    "https://gateway.example.com",
    "https://user@gateway.example.com/apiother/x",
  ])("%s may not", (value) => expect(location(value)).toEqual([]));
  test("by host name each has an origin of its own", () => {
    expect(location("https://gateway.example.com/other/x", "")).toEqual([
      "https://gateway.example.com/other/x",
    ]);
  });
});
