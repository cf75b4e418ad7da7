import { expect, test } from "bun:test";
import { Random, seeds } from "../../../test/fuzz.ts";
import { Marker } from "./marker.ts";

const token = "t00112233445566778899aabbccddeeff";
const mark = `\0${token} 3 /home/ops/a dir\0`;

test("what stands before the mark is output, whatever it looks like and in whatever pieces it comes", () => {
  for (const seed of seeds(500)) {
    const random = new Random(seed);
    const pieces = Array.from({ length: random.upTo(6) }, () =>
      random.of(["text\n", "\0", "\0\0", `\0${token}`.slice(0, 9), "\0t0", `${token.slice(1)} 3 /x\0`, "é"]),
    );
    const before = `${pieces.join("")}.`;
    const bytes = Buffer.from(`${before}${mark}late`);
    const marker = new Marker(token);
    let output = "";
    let said: string | undefined;
    for (let at = 0; at < bytes.length && said === undefined; ) {
      const end = at + 1 + random.upTo(12);
      const read = marker.read(bytes.subarray(at, end));
      output += Buffer.from(read.output).toString("latin1");
      said = read.said;
      at = end;
    }
    expect(Buffer.from(output, "latin1").toString()).toBe(before);
    expect(said).toBe("3 /home/ops/a dir");
  }
});

test("a mark with another token is output, and output is not kept back for it", () => {
  const marker = new Marker(token);
  const forged = "\0tffffffffffffffffffffffffffffffff 0 /etc\0\n";
  expect(Buffer.from(marker.read(Buffer.from(forged)).output).toString()).toBe(forged);
  expect(marker.read(Buffer.from("prompt? ")).output.length).toBe(8);
});
