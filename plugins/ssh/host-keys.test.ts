import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostKeys, knownBy } from "./host-keys.ts";
import { readPublicKey, verifies } from "./keys/public-key.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "postern-host-keys-"));
  folders.push(folder);
  return folder;
}

test("two keys are made once, for the operator's eyes alone, and are the same for every worker", async () => {
  const folder = dataFolder();
  const { current, next } = await hostKeys(folder);
  expect(current.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  expect(next.fingerprint).not.toBe(current.fingerprint);
  for (const name of ["host.key", "next.key"]) {
    expect(statSync(join(folder, "ssh", name)).mode & 0o777).toBe(0o600);
  }
  const script = `
    const { hostKeys } = await import(${JSON.stringify(join(import.meta.dir, "host-keys.ts"))});
    console.log((await hostKeys(${JSON.stringify(folder)})).current.fingerprint);
  `;
  const other = Bun.spawnSync([process.execPath, "-e", script]);
  expect(other.stdout.toString().trim()).toBe(current.fingerprint);
  const data = Buffer.from("to be signed");
  expect(verifies(readPublicKey(current.public), data, current.sign(data))).toBe(true);
});

test("the next key takes the other's place when it is moved there, and has a successor", async () => {
  const folder = dataFolder();
  const before = await hostKeys(folder);
  renameSync(join(folder, "ssh/next.key"), join(folder, "ssh/host.key"));
  const script = `
    const { hostKeys } = await import(${JSON.stringify(join(import.meta.dir, "host-keys.ts"))});
    const { current, next } = await hostKeys(${JSON.stringify(folder)});
    console.log(JSON.stringify([current.fingerprint, next.fingerprint]));
  `;
  const restarted = Bun.spawnSync([process.execPath, "-e", script]);
  const [current, next] = JSON.parse(restarted.stdout.toString()) as string[];
  expect(current).toBe(before.next.fingerprint);
  expect([before.current.fingerprint, before.next.fingerprint]).not.toContain(next);
});

test("people are told the fingerprints of what is there, and nothing is made for that", async () => {
  const folder = dataFolder();
  const there = () => readdirSync(folder, { recursive: true });
  expect(await knownBy(folder)).toEqual([expect.stringMatching(/^none yet: /)]);
  expect(there()).toEqual([]);
  const { current, next } = await hostKeys(folder);
  expect(await knownBy(folder)).toEqual([
    expect.stringContaining(current.fingerprint),
    expect.stringContaining(next.fingerprint),
  ]);
  renameSync(join(folder, "ssh/next.key"), join(folder, "ssh/host.key"));
  expect(await knownBy(folder)).toEqual([expect.stringContaining(next.fingerprint)]);
  expect(there()).not.toContain("ssh/next.key");
});
