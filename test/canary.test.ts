import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Canaries } from "./canary.ts";

const secret = "s3cret/värde+1";
const canaries = new Canaries(secret);

test.each(["", "x", "xy", "xyz"])("is found behind %p in every encoding", (before) => {
  const bytes = Buffer.from(`${before}${secret}behind`);
  for (const encoding of ["utf8", "hex", "base64", "base64url"] as const) {
    expect(canaries.inBytes("here", Buffer.from(bytes.toString(encoding)))).not.toEqual([]);
  }
  const wide = Buffer.concat([Buffer.from(before), Buffer.from(secret, "utf16le")]);
  expect(canaries.inBytes("here", wide)).toEqual([`here: ${secret} as UTF-16`]);
  expect(canaries.inBytes("here", Buffer.from(before + encodeURIComponent(secret)))).not.toEqual([]);
});

test("is not found where it is not", () => {
  expect(canaries.inBytes("here", Buffer.from("s3cret/v and nothing else"))).toEqual([]);
});

test("is found in files in folders", () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-canary-"));
  mkdirSync(join(folder, "deep"));
  writeFileSync(join(folder, "deep", "file"), `password=${secret}`);
  expect(canaries.inFiles(folder)).toEqual([`${join(folder, "deep", "file")}: ${secret} as text`]);
  rmSync(folder, { recursive: true });
});
