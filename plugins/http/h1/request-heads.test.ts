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

test("what is known again by its end is read as if it were not: no request is hidden before the fields", () => {
  const fields = "\r\nHost: a\r\nX: y\r\n\r\n";
  const known = `GET /known HTTP/1.1${fields}`;
  const read = (heads: RequestHeads, text: string) => {
    const intake = new Intake();
    intake.append(Buffer.from(text, "latin1"));
    const said: unknown[] = [];
    try {
      while (intake.length > 0) {
        const parsed = heads.next(intake);
        if (!parsed) break;
        said.push([parsed.head, parsed.about.authority, parsed.about.length]);
      }
    } catch (error) {
      said.push((error as Error).message);
    }
    return [said, intake.takeAll().toString("latin1")];
  };
  const texts = [
    known,
    `GET /known HTTP/1.0${fields}`,
    known + known,
    `GET /other HTTP/1.1${fields}${known}`,
    `GET /other HTTP/1.1\r\nHost: b\r\n\r\n${known}`,
    `GET /known HTTP/1.1\r\nContent-Length: 3${fields}`,
    `\r\n${known}`,
    `\n${known}`,
    `GET /known HTTP/1.1\n${fields.slice(2)}`,
    `GET /known HTTP/1.1${fields.slice(2)}`,
    `GET /known HTTP/1.1 ${fields}`,
    fields,
    fields.slice(2),
    `G${fields}`,
    known.slice(0, -1),
    `${known}G`,
    `GET /${"a".repeat(1200)} HTTP/1.1${fields}`,
    `GET /${"a".repeat(2000)} HTTP/1.1${fields}`,
  ];
  for (const text of texts) {
    const warm = new RequestHeads(2000);
    read(warm, known);
    expect(read(warm, text)).toEqual(read(new RequestHeads(2000), text));
    // The first line is known by now.
    expect(read(warm, text)).toEqual(read(new RequestHeads(2000), text));
  }
});
