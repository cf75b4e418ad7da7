import { expect, test } from "bun:test";
import { canonicalPath } from "../path.ts";
import { routeOf } from "../route.ts";
import { Intake } from "./intake.ts";
import { RequestHeads } from "./request-heads.ts";

const megabytes = () => {
  Bun.gc(true);
  return process.memoryUsage().rss / 1e6;
};

test("of a head whose first line is kept, and what is found out of it, the fields are not", () => {
  const much = "a".repeat(60_000);
  const before = megabytes();
  for (let index = 0; index < 4000; index++) {
    const intake = new Intake();
    intake.append(Buffer.from(`GET /${index}/kept?x HTTP/1.1\r\nHost: a\r\nX: ${index}${much}\r\n\r\n`));
    const head = new RequestHeads(64 * 1024).next(intake)?.head;
    expect(head?.target).toBe(`/${index}/kept?x`);
    if (!head) return;
    routeOf(head, {}, undefined);
    canonicalPath(head.target);
  }
  // 240 MB of fields have come by.
  expect(megabytes() - before).toBeLessThan(120);
});

test("fields are found behind the first line, and where there are none", () => {
  const intake = new Intake();
  intake.append(Buffer.from("GET /a HTTP/1.0\r\n\r\nGET /b HTTP/1.1\r\nHost: b\r\nX: y\r\n\r\nrest"));
  const heads = new RequestHeads(1024);
  const [first, second] = [heads.next(intake), heads.next(intake)];
  expect([first?.head.target, first?.head.fields]).toEqual(["/a", []]);
  expect([second?.head.target, second?.head.fields]).toEqual(["/b", ["Host", "b", "X", "y"]]);
  expect(intake.takeAll().toString()).toBe("rest");
});
