import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeDataFolder } from "./data-folder.ts";

const folder = () => mkdtempSync(join(tmpdir(), "postern-data-"));
const mode = (path: string) => statSync(path).mode & 0o777;

test("a new, an empty and an earlier folder become the owner's alone", async () => {
  const dataDir = join(folder(), "made");
  (await takeDataFolder(dataDir)).release();
  expect(mode(dataDir)).toBe(0o700);
  chmodSync(dataDir, 0o755);
  (await takeDataFolder(dataDir)).release();
  expect(mode(dataDir)).toBe(0o700);
  const empty = join(folder(), "empty");
  mkdirSync(empty, { mode: 0o755 });
  (await takeDataFolder(empty)).release();
  expect(mode(empty)).toBe(0o700);
});

test("somebody else's folder keeps its mode and is refused", async () => {
  const dataDir = folder();
  writeFileSync(join(dataDir, "letters.txt"), "");
  chmodSync(dataDir, 0o755);
  await expect(takeDataFolder(dataDir)).rejects.toMatchObject({ code: "data.folder" });
  expect(mode(dataDir)).toBe(0o755);
  await expect(takeDataFolder(join(dataDir, "letters.txt", "x"))).rejects.toMatchObject({
    code: "data.folder",
  });
});
