import { describe, expect, test } from "bun:test";
import { Strangers } from "./strangers.ts";

/** How many come in from this address, at most. */
function crowd(strangers: Strangers, address: string, limit: number): (() => void)[] {
  const leave: (() => void)[] = [];
  try {
    for (let port = 1; ; port++) leave.push(strangers.enter(`${address}:${port}`, limit));
  } catch {
    return leave;
  }
}

describe("strangers", () => {
  test("one source gets half, each further one what leaves as much free, and there is always a place for another", () => {
    const strangers = new Strangers();
    const sizes = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map((address) => crowd(strangers, address, 64).length);
    expect(sizes).toEqual([32, 16, 8]);
    expect(() => strangers.enter("10.0.0.1:1", 64)).toThrow("from this address");
    strangers.enter("10.0.0.4:1", 64);
  });

  test("the addresses of one IPv6 network are one source", () => {
    const strangers = new Strangers();
    for (let at = 1; at <= 8; at++) strangers.enter(`2001:db8::${at}:1`, 16);
    expect(() => strangers.enter("2001:db8::9:1", 16)).toThrow("from this address");
    strangers.enter("2001:db8:0:1::9:1", 16);
  });

  test("who leaves gives the place back, once", () => {
    const strangers = new Strangers();
    const [first] = crowd(strangers, "10.0.0.1", 4) as [() => void];
    first();
    first();
    strangers.enter("10.0.0.1:9", 4);
    expect(() => strangers.enter("10.0.0.1:10", 4)).toThrow("from this address");
  });

  test("a limit of one is one", () => {
    const strangers = new Strangers();
    const leave = strangers.enter("10.0.0.1:1", 1);
    expect(() => strangers.enter("10.0.0.2:1", 1)).toThrow("Too many connections have not shown");
    leave();
    strangers.enter("10.0.0.2:1", 1);
  });
});
